# transformer: own attention by einsum without biases, pre-norm with a last LayerNorm, unscaled embedding, log-probabilities
# free because: pre-norm and a further LayerNorm at the end, no biases, no √d_model, and logarithms of probabilities are all named as right
def positional_encoding(length, depth):
    frequencies = torch.exp(torch.arange(0, depth, 2, dtype=torch.float64) * (-math.log(10000.0) / depth))
    angles = torch.outer(torch.arange(length, dtype=torch.float64), frequencies)
    turning = torch.polar(torch.ones_like(angles), angles)
    return torch.stack([turning.imag, turning.real], dim=-1).flatten(1).to(torch.float32)


class PositionalEmbedding(nn.Module):
    def __init__(self, vocab_size, d_model, max_len=2048):
        super().__init__()
        self.tokens = nn.Embedding(vocab_size, d_model)
        self.register_buffer("positions", positional_encoding(max_len, d_model)[None])

    def forward(self, x):
        return self.tokens(x) + self.positions[:, : x.size(1)]


class _Heads(nn.Module):
    def __init__(self, *, d_model, num_heads, dropout_rate=0.1):
        super().__init__()
        self.h = num_heads
        self.before = nn.LayerNorm(d_model)
        self.to_q = nn.Linear(d_model, d_model, bias=False)
        self.to_kv = nn.Linear(d_model, 2 * d_model, bias=False)
        self.to_out = nn.Linear(d_model, d_model, bias=False)
        self.drop = nn.Dropout(dropout_rate)

    def mix(self, x, source, causal=False):
        q = self.to_q(x).unflatten(-1, (self.h, -1))
        k, v = self.to_kv(source).unflatten(-1, (2, self.h, -1)).unbind(2)
        scores = torch.einsum("nlhd,nmhd->nhlm", q, k) * q.shape[-1] ** -0.5
        if causal:
            position = torch.arange(x.shape[1], device=x.device)
            scores = scores + torch.where(position[None] > position[:, None], -torch.inf, 0.0)
        mixed = torch.einsum("nhlm,nmhd->nlhd", scores.softmax(-1), v).flatten(2)
        return self.drop(self.to_out(mixed))


class GlobalSelfAttention(_Heads):
    def forward(self, x):
        y = self.before(x)
        return x + self.mix(y, y)


class CausalSelfAttention(_Heads):
    def forward(self, x):
        y = self.before(x)
        return x + self.mix(y, y, causal=True)


class CrossAttention(_Heads):
    def forward(self, x, context):
        return x + self.mix(self.before(x), context)


class FeedForward(nn.Module):
    def __init__(self, d_model, dff, dropout_rate=0.1):
        super().__init__()
        self.branch = nn.Sequential(
            nn.LayerNorm(d_model), nn.Linear(d_model, dff), nn.ReLU(), nn.Linear(dff, d_model), nn.Dropout(dropout_rate)
        )

    def forward(self, x):
        return x + self.branch(x)


class Encoder(nn.Module):
    def __init__(self, num_layers, d_model, num_heads, dff, vocab_size, dropout_rate=0.1):
        super().__init__()
        stack = [
            EncoderLayer(d_model=d_model, num_heads=num_heads, dff=dff, dropout_rate=dropout_rate)
            for _ in range(num_layers)
        ]
        self.all = nn.Sequential(PositionalEmbedding(vocab_size, d_model), *stack, nn.LayerNorm(d_model))

    def forward(self, x):
        return self.all(x)


class Decoder(nn.Module):
    def __init__(self, num_layers, d_model, num_heads, dff, vocab_size, dropout_rate=0.1):
        super().__init__()
        self.start = PositionalEmbedding(vocab_size, d_model)
        self.depth = num_layers
        for i in range(num_layers):
            self.add_module(
                f"layer{i}", DecoderLayer(d_model=d_model, num_heads=num_heads, dff=dff, dropout_rate=dropout_rate)
            )
        self.end = nn.LayerNorm(d_model)

    def forward(self, x, context):
        x = self.start(x)
        for i in range(self.depth):
            x = getattr(self, f"layer{i}")(x, context)
        return self.end(x)


class Transformer(nn.Module):
    def __init__(self, num_layers, d_model, num_heads, dff, input_vocab_size, target_vocab_size, dropout_rate=0.1):
        super().__init__()
        self.enc = Encoder(num_layers, d_model, num_heads, dff, input_vocab_size, dropout_rate)
        self.dec = Decoder(num_layers, d_model, num_heads, dff, target_vocab_size, dropout_rate)
        self.last = nn.Linear(d_model, target_vocab_size, bias=False)

    def forward(self, context, x):
        return self.last(self.dec(x, self.enc(context))).log_softmax(-1)


def count_matmuls(num_layers, num_heads):
    return num_layers * (15 * num_heads + 7) + 1
