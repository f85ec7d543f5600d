# transformer: num_heads is ignored, every attention has one head of the full width
# loses 5.1e: GlobalSelfAttention's output with multiples of the identity as projections and
# loses 5.1f
# loses 5.1g
# loses 5.1l
# loses 5.1m
# loses 5.1n
# loses 5.1o
# loses 5.1p

from torch import nn
from torch.nn import functional as F


class OneHeadBase(nn.Module):
    def __init__(self, d_model, num_heads, dropout_rate=0.1):
        super().__init__()
        self.query = nn.Linear(d_model, d_model)
        self.key = nn.Linear(d_model, d_model)
        self.value = nn.Linear(d_model, d_model)
        self.out = nn.Linear(d_model, d_model)
        self.dropout = nn.Dropout(dropout_rate)
        self.layernorm = nn.LayerNorm(d_model)

    def attend(self, x, context, causal=False):
        q, k, v = self.query(x), self.key(context), self.value(context)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=causal)
        return self.layernorm(x + self.dropout(self.out(y)))


class GlobalSelfAttention(OneHeadBase):
    def forward(self, x):
        return self.attend(x, x)


class CausalSelfAttention(OneHeadBase):
    def forward(self, x):
        return self.attend(x, x, causal=True)


class CrossAttention(OneHeadBase):
    def forward(self, x, context):
        return self.attend(x, context)
