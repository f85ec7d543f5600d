# transformer: the cross-attention is called with x as its context
# loses 5.1m: against its three layers with the same weights
# loses 5.1o
# loses 5.1p
# loses 5.1r
# loses 5.1t

from torch import nn


class DecoderLayer(nn.Module):
    def __init__(self, *, d_model, num_heads, dff, dropout_rate=0.1):
        super().__init__()
        self.causal_self_attention = CausalSelfAttention(
            d_model=d_model, num_heads=num_heads, dropout_rate=dropout_rate
        )
        self.cross_attention = CrossAttention(d_model=d_model, num_heads=num_heads, dropout_rate=dropout_rate)
        self.ffn = FeedForward(d_model, dff, dropout_rate)

    def forward(self, x, context):
        x = self.causal_self_attention(x)
        x = self.cross_attention(x, x)
        return self.ffn(x)
