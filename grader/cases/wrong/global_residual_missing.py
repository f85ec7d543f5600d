# transformer: the residual is forgotten, only the attention's output is normalised
# loses 5.1e: GlobalSelfAttention's output with multiples of the identity as projections and one head
# loses 5.1h
# loses 5.1l
# loses 5.1n
# loses 5.1p

from torch import nn


class GlobalSelfAttention(nn.Module):
    def __init__(self, **kwargs):
        super().__init__()
        self.mha = nn.MultiheadAttention(
            kwargs["d_model"], kwargs["num_heads"], dropout=kwargs["dropout_rate"], batch_first=True
        )
        self.layernorm = nn.LayerNorm(kwargs["d_model"])

    def forward(self, x):
        x, _ = self.mha(x, x, x)
        return self.layernorm(x)
