# transformer: every position gets the same mean of all positions, the attention is left out
# loses 5.1e: GlobalSelfAttention's output with multiples of the identity as projections and one head
# loses 5.1l
# loses 5.1n
# loses 5.1p

from torch import nn


class GlobalSelfAttention(nn.Module):
    def __init__(self, **kwargs):
        super().__init__()
        d = kwargs["d_model"]
        self.in_proj = nn.Linear(d, 3 * d)
        self.out_proj = nn.Linear(d, d)
        self.dropout = nn.Dropout(kwargs["dropout_rate"])
        self.layernorm = nn.LayerNorm(d)

    def forward(self, x):
        a, b, c = self.in_proj(x).chunk(3, dim=-1)
        bag = (a + b + c).mean(dim=1, keepdim=True)
        return self.layernorm(x + self.dropout(self.out_proj(bag)))
