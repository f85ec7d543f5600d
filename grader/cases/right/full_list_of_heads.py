# transformer.py: a ModuleList of single heads, numpy encoding, softmax as the last layer
import numpy as np
import torch
from torch import nn


def positional_encoding(length, depth):
    pe = np.zeros((length, depth), dtype=np.float32)
    for pos in range(length):
        for j in range(depth):
            angle = pos / np.power(10000, (2 * (j // 2)) / depth)
            pe[pos, j] = np.sin(angle) if j % 2 == 0 else np.cos(angle)
    return torch.from_numpy(pe)


class PositionalEmbedding(nn.Module):
    def __init__(self, vocab_size, d_model, max_len=2048):
        super().__init__()
        self.token_embedding = nn.Embedding(vocab_size, d_model)
        self.pos_encoding = nn.Parameter(positional_encoding(max_len, d_model), requires_grad=False)

    def forward(self, x):
        length = x.shape[1]
        return self.token_embedding(x) + self.pos_encoding[:length, :]


class Head(nn.Module):
    """One head of attention."""

    def __init__(self, d_model, head_size, dropout_rate):
        super().__init__()
        self.key = nn.Linear(d_model, head_size, bias=False)
        self.query = nn.Linear(d_model, head_size, bias=False)
        self.value = nn.Linear(d_model, head_size, bias=False)
        self.dropout = nn.Dropout(dropout_rate)
        self.head_size = head_size

    def forward(self, x, context, causal=False):
        q = self.query(x)
        k = self.key(context)
        v = self.value(context)
        wei = q @ k.transpose(-2, -1) * self.head_size**-0.5
        if causal:
            length = x.shape[1]
            tril = torch.tril(torch.ones(length, length, device=x.device))
            wei = wei.masked_fill(tril == 0, float("-inf"))
        wei = torch.softmax(wei, dim=-1)
        return self.dropout(wei) @ v


class BaseAttention(nn.Module):
    def __init__(self, *, d_model, num_heads, dropout_rate=0.1):
        super().__init__()
        self.heads = nn.ModuleList([Head(d_model, d_model // num_heads, dropout_rate) for _ in range(num_heads)])
        self.proj = nn.Linear(d_model, d_model)
        self.dropout = nn.Dropout(dropout_rate)
        self.layernorm = nn.LayerNorm(d_model)

    def multi_head(self, x, context, causal=False):
        out = torch.cat([head(x, context, causal) for head in self.heads], dim=-1)
        return self.dropout(self.proj(out))


class GlobalSelfAttention(BaseAttention):
    def forward(self, x):
        return self.layernorm(x + self.multi_head(x, x))


class CausalSelfAttention(BaseAttention):
    def forward(self, x):
        return self.layernorm(x + self.multi_head(x, x, causal=True))


class CrossAttention(BaseAttention):
    def forward(self, x, context):
        return self.layernorm(x + self.multi_head(x, context))


class FeedForward(nn.Module):
    def __init__(self, d_model, dff, dropout_rate=0.1):
        super().__init__()
        self.seq = nn.Sequential(nn.Linear(d_model, dff), nn.ReLU(), nn.Linear(dff, d_model), nn.Dropout(dropout_rate))
        self.layernorm = nn.LayerNorm(d_model)

    def forward(self, x):
        x = x + self.seq(x)
        x = self.layernorm(x)
        return x


class EncoderLayer(nn.Module):
    def __init__(self, *, d_model, num_heads, dff, dropout_rate=0.1):
        super().__init__()
        self.self_attention = GlobalSelfAttention(d_model=d_model, num_heads=num_heads, dropout_rate=dropout_rate)
        self.ffn = FeedForward(d_model, dff, dropout_rate)

    def forward(self, x):
        x = self.self_attention(x)
        x = self.ffn(x)
        return x


class Encoder(nn.Module):
    def __init__(self, num_layers, d_model, num_heads, dff, vocab_size, dropout_rate=0.1):
        super().__init__()
        self.d_model = d_model
        self.num_layers = num_layers
        self.pos_embedding = PositionalEmbedding(vocab_size=vocab_size, d_model=d_model)
        self.enc_layers = nn.ModuleList(
            [
                EncoderLayer(d_model=d_model, num_heads=num_heads, dff=dff, dropout_rate=dropout_rate)
                for _ in range(num_layers)
            ]
        )
        self.dropout = nn.Dropout(dropout_rate)

    def forward(self, x):
        x = self.pos_embedding(x)
        x = self.dropout(x)
        for i in range(self.num_layers):
            x = self.enc_layers[i](x)
        return x


class DecoderLayer(nn.Module):
    def __init__(self, *, d_model, num_heads, dff, dropout_rate=0.1):
        super().__init__()
        self.causal_self_attention = CausalSelfAttention(
            d_model=d_model, num_heads=num_heads, dropout_rate=dropout_rate
        )
        self.cross_attention = CrossAttention(d_model=d_model, num_heads=num_heads, dropout_rate=dropout_rate)
        self.ffn = FeedForward(d_model, dff, dropout_rate)

    def forward(self, x, context):
        x = self.causal_self_attention(x=x)
        x = self.cross_attention(x=x, context=context)
        x = self.ffn(x)
        return x


class Decoder(nn.Module):
    def __init__(self, num_layers, d_model, num_heads, dff, vocab_size, dropout_rate=0.1):
        super().__init__()
        self.pos_embedding = PositionalEmbedding(vocab_size=vocab_size, d_model=d_model)
        self.dropout = nn.Dropout(dropout_rate)
        self.dec_layers = nn.ModuleList(
            [
                DecoderLayer(d_model=d_model, num_heads=num_heads, dff=dff, dropout_rate=dropout_rate)
                for _ in range(num_layers)
            ]
        )

    def forward(self, x, context):
        x = self.dropout(self.pos_embedding(x))
        for layer in self.dec_layers:
            x = layer(x, context)
        return x


class Transformer(nn.Module):
    def __init__(self, num_layers, d_model, num_heads, dff, input_vocab_size, target_vocab_size, dropout_rate=0.1):
        super().__init__()
        self.encoder = Encoder(num_layers, d_model, num_heads, dff, input_vocab_size, dropout_rate)
        self.decoder = Decoder(num_layers, d_model, num_heads, dff, target_vocab_size, dropout_rate)
        self.final_layer = nn.Linear(d_model, target_vocab_size)
        self.softmax = nn.Softmax(dim=-1)

    def forward(self, context, x):
        context = self.encoder(context)
        x = self.decoder(x, context)
        logits = self.final_layer(x)
        return self.softmax(logits)


def count_matmuls(num_layers, num_heads):
    total = 0
    for _ in range(num_layers):
        for sublayer in ("encoder self", "decoder self", "decoder cross"):
            total += num_heads * 5
            total += 1
        total += 2  # encoder feed-forward
        total += 2  # decoder feed-forward
    return total + 1
