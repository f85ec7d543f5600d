# transformer: the four projections of an attention layer are one parameter (4, d, d) without biases; feed-forward in a ParameterDict
import torch
from torch import nn
from torch.nn import functional


class _Attention(nn.Module):
    causal = False

    def __init__(self, *, d_model, num_heads, dropout_rate=0.1):
        super().__init__()
        self.heads = num_heads
        self.projections = nn.Parameter(torch.empty(4, d_model, d_model).uniform_(-(d_model**-0.5), d_model**-0.5))
        self.dropout = nn.Dropout(dropout_rate)
        self.norm = nn.LayerNorm(d_model)

    def attend(self, x, context):
        wq, wk, wv, wo = self.projections
        q, k, v = (
            (t @ w).view(*t.shape[:2], self.heads, -1).transpose(1, 2)
            for t, w in ((x, wq), (context, wk), (context, wv))
        )
        out = functional.scaled_dot_product_attention(q, k, v, is_causal=self.causal)
        return self.norm(x + self.dropout(out.transpose(1, 2).reshape(x.shape) @ wo))


class GlobalSelfAttention(_Attention):
    def forward(self, x):
        return self.attend(x, x)


class CausalSelfAttention(_Attention):
    causal = True

    def forward(self, x):
        return self.attend(x, x)


class CrossAttention(_Attention):
    def forward(self, x, context):
        return self.attend(x, context)


class FeedForward(nn.Module):
    def __init__(self, d_model, dff, dropout_rate=0.1):
        super().__init__()
        wide, narrow = nn.Linear(d_model, dff), nn.Linear(dff, d_model)
        self.w = nn.ParameterDict({"W1": wide.weight, "b1": wide.bias, "W2": narrow.weight, "b2": narrow.bias})
        self.dropout_rate = dropout_rate
        self.gain, self.shift = nn.Parameter(torch.ones(d_model)), nn.Parameter(torch.zeros(d_model))

    def forward(self, x):
        hidden = functional.linear(x, self.w["W1"], self.w["b1"]).clamp_min(0)
        out = functional.linear(hidden, self.w["W2"], self.w["b2"])
        out = functional.dropout(out, self.dropout_rate, self.training)
        return functional.layer_norm(x + out, x.shape[-1:], self.gain, self.shift)
