# transformer: the mask is made for sequences of a million words
# loses 5.1f: can't allocate memory
# loses 5.1h: can't allocate memory
# loses 5.1i: can't allocate memory
# loses 5.1j: can't allocate memory
# loses 5.1m
# loses 5.1o
# loses 5.1p
# loses 5.1q: can't allocate memory
# loses 5.1r: can't allocate memory
# loses 5.1t: can't allocate memory

class CausalSelfAttention(CausalSelfAttention):
    def forward(self, x):
        later = torch.ones(1_000_000, 1_000_000).triu(1).bool()
        length = x.shape[1]
        return self.attend(x, x, later[:length, :length])
