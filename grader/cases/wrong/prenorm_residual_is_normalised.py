# transformer: pre-norm attention whose residual is the normalised x instead of x
# loses 5.1e: values are off
# loses 5.1f: values are off
# loses 5.1g: values are off
# loses 5.1l
# loses 5.1m
# loses 5.1n
# loses 5.1o
# loses 5.1p

class _PreNormAttention(nn.Module):
    def __init__(self, *, d_model, num_heads, dropout_rate=0.1):
        super().__init__()
        self.norm = nn.LayerNorm(d_model)
        self.mha = nn.MultiheadAttention(d_model, num_heads, dropout=dropout_rate, batch_first=True)


class GlobalSelfAttention(_PreNormAttention):
    def forward(self, x):
        x = self.norm(x)
        return x + self.mha(x, x, x, need_weights=False)[0]


class CausalSelfAttention(_PreNormAttention):
    def forward(self, x):
        x = self.norm(x)
        later = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool, device=x.device).triu(1)
        return x + self.mha(x, x, x, attn_mask=later, need_weights=False)[0]


class CrossAttention(_PreNormAttention):
    def forward(self, x, context):
        x = self.norm(x)
        return x + self.mha(x, context, context, need_weights=False)[0]
