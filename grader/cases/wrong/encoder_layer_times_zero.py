# transformer: the layer has all its weights but returns x, the work is multiplied by zero
# loses 5.1l: against GlobalSelfAttention and FeedForward with the same weights
# loses 5.1n
# loses 5.1p
# loses 5.1r

from torch import nn


class EncoderLayer(nn.Module):
    def __init__(self, *, d_model, num_heads, dff, dropout_rate=0.1):
        super().__init__()
        self.self_attention = GlobalSelfAttention(d_model=d_model, num_heads=num_heads, dropout_rate=dropout_rate)
        self.ffn = FeedForward(d_model, dff, dropout_rate)

    def forward(self, x):
        return x + 0 * self.ffn(self.self_attention(x))
