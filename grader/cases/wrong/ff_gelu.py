# transformer: GELU instead of ReLU
# loses 5.1k: LayerNorm(x + …) after the residual
# loses 5.1l
# loses 5.1m
# loses 5.1n
# loses 5.1o
# loses 5.1p

from torch import nn


class FeedForward(nn.Module):
    def __init__(self, d_model, dff, dropout_rate=0.1):
        super().__init__()
        self.seq = nn.Sequential(nn.Linear(d_model, dff), nn.GELU(), nn.Linear(dff, d_model), nn.Dropout(dropout_rate))
        self.layer_norm = nn.LayerNorm(d_model)

    def forward(self, x):
        return self.layer_norm(x + self.seq(x))
