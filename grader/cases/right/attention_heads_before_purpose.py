# transformer: one weight (heads, 3, features, d_model)
import torch
from torch import nn


class _Attention(nn.Module):
    def __init__(self, d_model, num_heads, dropout_rate=0.1):
        super().__init__()
        h, f = num_heads, d_model // num_heads
        self.qkv = nn.Parameter(torch.empty(h, 3, f, d_model))
        self.out = nn.Parameter(torch.empty(h, f, d_model))
        for weight in (self.qkv, self.out):
            nn.init.normal_(weight, std=d_model**-0.5)
        self.qkv_bias = nn.Parameter(torch.randn(3, h, f) / 10)
        self.out_bias = nn.Parameter(torch.zeros(d_model))
        self.norm = nn.LayerNorm(d_model)
        self.dropout = nn.Dropout(dropout_rate)
        self.f = f

    def attend(self, x, context, causal=False):
        q, k, v = self.qkv.permute(1, 3, 0, 2).unbind(0)
        (bias_q, bias_k, bias_v) = self.qkv_bias[:, :, None]
        q = torch.einsum("nli,ihf->nhlf", x, q) + bias_q
        k = torch.einsum("nli,ihf->nhlf", context, k) + bias_k
        v = torch.einsum("nli,ihf->nhlf", context, v) + bias_v
        out = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=causal)
        out = torch.einsum("nhlf,hfo->nlo", out, self.out) + self.out_bias
        return self.norm(x + self.dropout(out))


class GlobalSelfAttention(_Attention):
    def forward(self, x):
        return self.attend(x, x)


class CausalSelfAttention(_Attention):
    def forward(self, x):
        return self.attend(x, x, causal=True)


class CrossAttention(_Attention):
    def forward(self, x, context):
        return self.attend(x, context)
