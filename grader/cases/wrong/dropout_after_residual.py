# transformer: the feed-forward's dropout comes after the residual sum, so the residual is dropped as well
# loses 5.1j: the residual is dropped too

class FeedForward(nn.Module):
    def __init__(self, d_model, dff, dropout_rate=0.1):
        super().__init__()
        self.linear1 = nn.Linear(d_model, dff)
        self.linear2 = nn.Linear(dff, d_model)
        self.dropout = nn.Dropout(dropout_rate)
        self.norm = nn.LayerNorm(d_model)

    def forward(self, x):
        return self.norm(self.dropout(x + self.linear2(torch.relu(self.linear1(x)))))
