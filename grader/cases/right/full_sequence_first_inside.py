# transformer.py: MultiheadAttention without batch_first, the layers transpose around it, pre-norm of x and context
import math

import torch
from torch import nn


def positional_encoding(length, depth):
    position = torch.arange(length).unsqueeze(1)
    div_term = torch.exp(torch.arange(0, depth, 2) * (-math.log(10000.0) / depth))
    pe = torch.zeros(length, depth)
    pe[:, 0::2] = torch.sin(position * div_term)
    pe[:, 1::2] = torch.cos(position * div_term)
    return pe


class PositionalEmbedding(nn.Module):
    def __init__(self, vocab_size, d_model, max_len=2048):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, d_model)
        nn.init.normal_(self.embedding.weight, std=d_model**-0.5)
        self.register_buffer("pe", positional_encoding(max_len, d_model))

    def forward(self, x):
        return self.embedding(x) + self.pe[: x.shape[1]]


class GlobalSelfAttention(nn.Module):
    def __init__(self, **kwargs):
        super().__init__()
        self.norm = nn.LayerNorm(kwargs["d_model"])
        self.mha = nn.MultiheadAttention(
            embed_dim=kwargs["d_model"], num_heads=kwargs["num_heads"], dropout=kwargs.get("dropout_rate", 0.0)
        )

    def forward(self, x):
        y = self.norm(x).transpose(0, 1)
        out, _ = self.mha(y, y, y, need_weights=False)
        return x + out.transpose(0, 1)


class CausalSelfAttention(nn.Module):
    def __init__(self, **kwargs):
        super().__init__()
        self.norm = nn.LayerNorm(kwargs["d_model"])
        self.mha = nn.MultiheadAttention(
            embed_dim=kwargs["d_model"], num_heads=kwargs["num_heads"], dropout=kwargs.get("dropout_rate", 0.0)
        )

    def forward(self, x):
        y = self.norm(x).transpose(0, 1)
        mask = nn.Transformer.generate_square_subsequent_mask(y.shape[0], device=x.device)
        out, _ = self.mha(y, y, y, attn_mask=mask, is_causal=True, need_weights=False)
        return x + out.transpose(0, 1)


class CrossAttention(nn.Module):
    def __init__(self, **kwargs):
        super().__init__()
        self.norm_x = nn.LayerNorm(kwargs["d_model"])
        self.norm_context = nn.LayerNorm(kwargs["d_model"])
        self.mha = nn.MultiheadAttention(
            embed_dim=kwargs["d_model"], num_heads=kwargs["num_heads"], dropout=kwargs.get("dropout_rate", 0.0)
        )

    def forward(self, x, context):
        q = self.norm_x(x).transpose(0, 1)
        kv = self.norm_context(context).transpose(0, 1)
        out, _ = self.mha(q, kv, kv)
        return x + out.transpose(0, 1)


class FeedForward(nn.Module):
    def __init__(self, d_model, dff, dropout_rate=0.1):
        super().__init__()
        self.norm = nn.LayerNorm(d_model)
        self.linear1 = nn.Linear(d_model, dff)
        self.relu = nn.ReLU(inplace=True)
        self.linear2 = nn.Linear(dff, d_model)
        self.dropout = nn.Dropout(dropout_rate)

    def forward(self, x):
        return x + self.dropout(self.linear2(self.relu(self.linear1(self.norm(x)))))


class EncoderLayer(nn.Module):
    def __init__(self, *, d_model, num_heads, dff, dropout_rate=0.1):
        super().__init__()
        self.self_attention = GlobalSelfAttention(d_model=d_model, num_heads=num_heads, dropout_rate=dropout_rate)
        self.ffn = FeedForward(d_model, dff, dropout_rate)

    def forward(self, x):
        return self.ffn(self.self_attention(x))


class Encoder(nn.Module):
    def __init__(self, num_layers, d_model, num_heads, dff, vocab_size, dropout_rate=0.1):
        super().__init__()
        self.pos_embedding = PositionalEmbedding(vocab_size, d_model)
        self.layers = nn.Sequential(
            *[
                EncoderLayer(d_model=d_model, num_heads=num_heads, dff=dff, dropout_rate=dropout_rate)
                for _ in range(num_layers)
            ]
        )

    def forward(self, x):
        return self.layers(self.pos_embedding(x))


class DecoderLayer(nn.Module):
    def __init__(self, *, d_model, num_heads, dff, dropout_rate=0.1):
        super().__init__()
        self.causal_self_attention = CausalSelfAttention(
            d_model=d_model, num_heads=num_heads, dropout_rate=dropout_rate
        )
        self.cross_attention = CrossAttention(d_model=d_model, num_heads=num_heads, dropout_rate=dropout_rate)
        self.ffn = FeedForward(d_model, dff, dropout_rate)

    def forward(self, x, context):
        return self.ffn(self.cross_attention(self.causal_self_attention(x), context))


class Decoder(nn.Module):
    def __init__(self, num_layers, d_model, num_heads, dff, vocab_size, dropout_rate=0.1):
        super().__init__()
        self.pos_embedding = PositionalEmbedding(vocab_size, d_model)
        self.layers = nn.ModuleDict(
            {
                str(i): DecoderLayer(d_model=d_model, num_heads=num_heads, dff=dff, dropout_rate=dropout_rate)
                for i in range(num_layers)
            }
        )

    def forward(self, x, context):
        x = self.pos_embedding(x)
        for layer in self.layers.values():
            x = layer(x, context)
        return x


class Transformer(nn.Module):
    def __init__(self, num_layers, d_model, num_heads, dff, input_vocab_size, target_vocab_size, dropout_rate=0.1):
        super().__init__()
        self.encoder = Encoder(num_layers, d_model, num_heads, dff, input_vocab_size, dropout_rate)
        self.decoder = Decoder(num_layers, d_model, num_heads, dff, target_vocab_size, dropout_rate)
        self.final_norm = nn.LayerNorm(d_model)
        self.final_layer = nn.Linear(d_model, target_vocab_size)

    def forward(self, context, x):
        return self.final_layer(self.final_norm(self.decoder(x, self.encoder(context))))


def count_matmuls(num_layers, num_heads):
    h = num_heads
    return sum(2 * [2] + 3 * [3 * h + h + h + 1]) * num_layers + 1
