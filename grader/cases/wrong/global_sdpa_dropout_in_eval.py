# transformer: scaled_dot_product_attention gets dropout_p also in evaluation
# loses 5.1e: differs from one call to the next after eval()
# loses 5.1i
# loses 5.1j
# loses 5.1l
# loses 5.1n
# loses 5.1p

from torch import nn
from torch.nn import functional as F


class GlobalSelfAttention(nn.Module):
    def __init__(self, d_model, num_heads, dropout_rate=0.1):
        super().__init__()
        self.h = num_heads
        self.p = dropout_rate
        self.qkv = nn.Linear(d_model, 3 * d_model)
        self.out = nn.Linear(d_model, d_model)
        self.norm = nn.LayerNorm(d_model)

    def forward(self, x):
        n, length, d = x.shape
        q, k, v = self.qkv(x).reshape(n, length, 3, self.h, d // self.h).permute(2, 0, 3, 1, 4).unbind(0)
        y = F.scaled_dot_product_attention(q, k, v, dropout_p=self.p)
        return self.norm(x + self.out(y.transpose(1, 2).reshape(n, length, d)))
