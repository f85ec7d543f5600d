# transformer: the residual is x += attention, which changes the caller's tensor and breaks backward
# loses 5.1i: GlobalSelfAttention changed the tensor that it was given

from torch import nn


class GlobalSelfAttention(nn.Module):
    def __init__(self, **kwargs):
        super().__init__()
        self.mha = nn.MultiheadAttention(
            kwargs["d_model"], kwargs["num_heads"], dropout=kwargs["dropout_rate"], batch_first=True
        )
        self.layernorm = nn.LayerNorm(kwargs["d_model"])

    def forward(self, x):
        attn_output, _ = self.mha(x, x, x)
        x += attn_output
        return self.layernorm(x)
