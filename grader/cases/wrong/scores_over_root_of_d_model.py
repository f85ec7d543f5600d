# transformer: attention scores are divided by √d_model instead of √(d_model/num_heads)
# loses 5.1e: values are off
# loses 5.1f: values are off
# loses 5.1g: values are off
# loses 5.1l
# loses 5.1m
# loses 5.1n
# loses 5.1o
# loses 5.1p

class _OwnAttention(nn.Module):
    def __init__(self, *, d_model, num_heads, dropout_rate=0.1):
        super().__init__()
        self.num_heads = num_heads
        self.scale = math.sqrt(d_model)
        self.query = nn.Linear(d_model, d_model)
        self.key = nn.Linear(d_model, d_model)
        self.value = nn.Linear(d_model, d_model)
        self.out = nn.Linear(d_model, d_model)
        self.dropout = nn.Dropout(dropout_rate)
        self.norm = nn.LayerNorm(d_model)

    def _split(self, x):
        n, length, width = x.shape
        return x.reshape(n, length, self.num_heads, width // self.num_heads).transpose(1, 2)

    def attend(self, x, context, mask=None):
        q, k, v = self._split(self.query(x)), self._split(self.key(context)), self._split(self.value(context))
        scores = q @ k.transpose(-2, -1) / self.scale
        if mask is not None:
            scores = scores.masked_fill(mask, float("-inf"))
        mixed = self.dropout(scores.softmax(-1)) @ v
        return self.norm(x + self.out(mixed.transpose(1, 2).flatten(2)))


class GlobalSelfAttention(_OwnAttention):
    def forward(self, x):
        return self.attend(x, x)


class CausalSelfAttention(_OwnAttention):
    def forward(self, x):
        later = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool, device=x.device).triu(1)
        return self.attend(x, x, later)


class CrossAttention(_OwnAttention):
    def forward(self, x, context):
        return self.attend(x, context)
