# transformer.py: the output layer shares the target embedding's weight, embeddings scaled by sqrt(d_model)
import math

import torch
from torch import nn


def positional_encoding(length, depth):
    rows = []
    for pos in range(length):
        row = []
        for i in range((depth + 1) // 2):
            angle = pos / 10000 ** (2 * i / depth)
            row += [math.sin(angle), math.cos(angle)]
        rows.append(row[:depth])
    return torch.tensor(rows)


class PositionalEmbedding(nn.Module):
    def __init__(self, vocab_size, d_model, max_len=2048):
        super().__init__()
        self.d_model = d_model
        self.max_len = max_len
        self.embedding = nn.Embedding(vocab_size, d_model)
        nn.init.normal_(self.embedding.weight, 0, d_model**-0.5)
        self.register_buffer("pe", positional_encoding(max_len, d_model), persistent=False)

    def forward(self, x):
        assert x.shape[1] <= self.max_len
        out = self.embedding(x).mul(math.sqrt(self.d_model))
        return torch.add(out, self.pe.narrow(0, 0, x.shape[1]))


class BaseAttention(nn.Module):
    def __init__(self, **kwargs):
        super().__init__()
        d_model = kwargs.pop("d_model")
        num_heads = kwargs.pop("num_heads")
        rate = kwargs.pop("dropout_rate", 0.1)
        self.mha = nn.MultiheadAttention(d_model, num_heads, dropout=rate, bias=False, batch_first=True)
        self.layernorm = nn.LayerNorm(d_model)
        self.dropout = nn.Dropout(rate)


class CrossAttention(BaseAttention):
    def forward(self, x, context):
        attn_output, attn_scores = self.mha(query=x, key=context, value=context, average_attn_weights=False)
        self.last_attn_scores = attn_scores.detach()
        return self.layernorm(x + self.dropout(attn_output))


class GlobalSelfAttention(BaseAttention):
    def forward(self, x):
        attn_output = self.mha(query=x, value=x, key=x)[0]
        return self.layernorm(x + self.dropout(attn_output))


class CausalSelfAttention(BaseAttention):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.register_buffer("mask", torch.ones(16, 16, dtype=torch.bool).triu(1), persistent=False)

    def forward(self, x):
        n = x.shape[1]
        if n > self.mask.shape[0]:
            self.mask = torch.ones(2 * n, 2 * n, dtype=torch.bool, device=x.device).triu(1)
        attn_output, _ = self.mha(x, x, x, attn_mask=self.mask[:n, :n])
        return self.layernorm(x + self.dropout(attn_output))


class FeedForward(nn.Module):
    def __init__(self, d_model, dff, dropout_rate=0.1):
        super().__init__()
        self.l1 = nn.Linear(d_model, dff)
        self.l2 = nn.Linear(dff, d_model)
        self.d = nn.Dropout(dropout_rate)
        self.n = nn.LayerNorm(d_model)

    def forward(self, x):
        return self.n(self.d(self.l2(torch.relu(self.l1(x)))) + x)


class EncoderLayer(nn.Module):
    def __init__(self, *, d_model, num_heads, dff, dropout_rate=0.1):
        super().__init__()
        self.a = GlobalSelfAttention(d_model=d_model, num_heads=num_heads, dropout_rate=dropout_rate)
        self.f = FeedForward(d_model, dff, dropout_rate)

    def forward(self, x):
        return self.f(self.a(x))


class DecoderLayer(nn.Module):
    def __init__(self, *, d_model, num_heads, dff, dropout_rate=0.1):
        super().__init__()
        self.a = CausalSelfAttention(d_model=d_model, num_heads=num_heads, dropout_rate=dropout_rate)
        self.c = CrossAttention(d_model=d_model, num_heads=num_heads, dropout_rate=dropout_rate)
        self.f = FeedForward(d_model, dff, dropout_rate)

    def forward(self, x, context):
        return self.f(self.c(self.a(x), context))


class Encoder(nn.Module):
    def __init__(self, num_layers, d_model, num_heads, dff, vocab_size, dropout_rate=0.1):
        super().__init__()
        self.emb = PositionalEmbedding(vocab_size, d_model)
        self.drop = nn.Dropout(dropout_rate)
        self.blocks = nn.ModuleList()
        while len(self.blocks) < num_layers:
            self.blocks.append(EncoderLayer(d_model=d_model, num_heads=num_heads, dff=dff, dropout_rate=dropout_rate))

    def forward(self, x):
        x = self.drop(self.emb(x))
        for block in self.blocks:
            x = block(x)
        return x


class Decoder(nn.Module):
    def __init__(self, num_layers, d_model, num_heads, dff, vocab_size, dropout_rate=0.1):
        super().__init__()
        self.emb = PositionalEmbedding(vocab_size, d_model)
        self.drop = nn.Dropout(dropout_rate)
        self.blocks = nn.ModuleList()
        while len(self.blocks) < num_layers:
            self.blocks.append(DecoderLayer(d_model=d_model, num_heads=num_heads, dff=dff, dropout_rate=dropout_rate))

    def forward(self, x, context):
        x = self.drop(self.emb(x))
        for block in self.blocks:
            x = block(x, context)
        return x


class Transformer(nn.Module):
    def __init__(self, num_layers, d_model, num_heads, dff, input_vocab_size, target_vocab_size, dropout_rate=0.1):
        super().__init__()
        self.encoder = Encoder(num_layers, d_model, num_heads, dff, input_vocab_size, dropout_rate)
        self.decoder = Decoder(num_layers, d_model, num_heads, dff, target_vocab_size, dropout_rate)
        self.final_layer = nn.Linear(d_model, target_vocab_size, bias=False)
        self.final_layer.weight = self.decoder.emb.embedding.weight

    def forward(self, context, x):
        return self.final_layer(self.decoder(x, self.encoder(context)))


def count_matmuls(num_layers, num_heads):
    enc = 5 * num_heads + 1 + 2
    dec = 2 * (5 * num_heads + 1) + 2
    return num_layers * (enc + dec) + 1
