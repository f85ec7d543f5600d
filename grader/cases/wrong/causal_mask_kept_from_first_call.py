# transformer: the mask is made at the first call and kept, another length crashes
# loses 5.1f: CausalSelfAttention(float
# loses 5.1m
# loses 5.1o
# loses 5.1p
# loses 5.1t

from torch import nn


class CausalSelfAttention(nn.Module):
    def __init__(self, **kwargs):
        super().__init__()
        self.mha = nn.MultiheadAttention(
            embed_dim=kwargs["d_model"], num_heads=kwargs["num_heads"], dropout=kwargs["dropout_rate"], batch_first=True
        )
        self.layernorm = nn.LayerNorm(kwargs["d_model"])
        self.mask = None

    def forward(self, x):
        if self.mask is None:
            self.mask = nn.Transformer.generate_square_subsequent_mask(x.size(1)).to(x.device)
        out, _ = self.mha(x, x, x, attn_mask=self.mask)
        return self.layernorm(x + out)
