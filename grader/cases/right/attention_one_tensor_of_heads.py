# transformer: projections are raw parameter tensors with an axis of heads, everything by einsum, no biases, pre-norm
import torch
from torch import nn


class _Heads(nn.Module):
    def __init__(self, *, d_model, num_heads, dropout_rate=0.1):
        super().__init__()
        width, spread = d_model // num_heads, d_model**-0.5
        self.into = nn.Parameter(torch.randn(3, num_heads, d_model, width) * spread)
        self.back = nn.Parameter(torch.randn(num_heads, width, d_model) * spread)
        self.drop = nn.Dropout(dropout_rate)
        self.ln = nn.LayerNorm(d_model)

    def allowed(self, queries, keys):
        return torch.ones(queries, keys, dtype=torch.bool)

    def run(self, x, source=None):
        normal = self.ln(x)
        source = normal if source is None else source
        to_query, to_key, to_value = self.into
        q = torch.einsum("nld,hdk->nhlk", normal, to_query)
        k = torch.einsum("nmd,hdk->nhmk", source, to_key)
        v = torch.einsum("nmd,hdk->nhmk", source, to_value)
        scores = torch.einsum("nhlk,nhmk->nhlm", q, k) * q.shape[-1] ** -0.5
        allowed = self.allowed(*scores.shape[-2:]).to(x.device)
        weights = torch.where(allowed, scores, torch.finfo(scores.dtype).min).softmax(-1)
        return x + self.drop(torch.einsum("nhlm,nhmk,hkd->nld", weights, v, self.back))


class GlobalSelfAttention(_Heads):
    def forward(self, x):
        return self.run(x)


class CausalSelfAttention(_Heads):
    def allowed(self, queries, keys):
        return super().allowed(queries, keys).tril()

    def forward(self, x):
        return self.run(x)


class CrossAttention(_Heads):
    def forward(self, x, context):
        return self.run(x, context)
