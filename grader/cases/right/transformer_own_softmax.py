# transformer: probabilities by exp and logsumexp, extra arguments with defaults, everything passed by keyword

import torch
from torch import nn


class Transformer(nn.Module):
    def __init__(
        self, num_layers, d_model, num_heads, dff, input_vocab_size, target_vocab_size, dropout_rate=0.1, name="net"
    ):
        super().__init__()
        self.name = name
        self.encoder = Encoder(
            num_layers=num_layers,
            d_model=d_model,
            num_heads=num_heads,
            dff=dff,
            vocab_size=input_vocab_size,
            dropout_rate=dropout_rate,
        )
        self.decoder = Decoder(
            num_layers=num_layers,
            d_model=d_model,
            num_heads=num_heads,
            dff=dff,
            vocab_size=target_vocab_size,
            dropout_rate=dropout_rate,
        )
        self.final_layer = nn.Linear(d_model, target_vocab_size)
        for p in self.parameters():
            if p.requires_grad and p.dim() > 1:
                nn.init.xavier_uniform_(p)

    def forward(self, context, x, temperature=1.0):
        memory = self.encoder(context)
        hidden = self.decoder(x, context=memory)
        logits = self.final_layer(hidden) / temperature
        return torch.exp(logits - torch.logsumexp(logits, dim=-1, keepdim=True))
