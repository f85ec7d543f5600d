# transformer: no activation between the two linear layers
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
        self.linear1 = nn.Linear(d_model, dff)
        self.linear2 = nn.Linear(dff, d_model)
        self.dropout = nn.Dropout(dropout_rate)
        self.norm = nn.LayerNorm(d_model)

    def forward(self, x):
        return self.norm(x + self.dropout(self.linear2(self.linear1(x))))
