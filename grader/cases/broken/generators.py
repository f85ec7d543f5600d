# transformer: forward yields instead of returning
# loses 5.1e: is generator
# loses 5.1h: generator
# loses 5.1i: generator
# loses 5.1j: generator
# loses 5.1k: generator
# loses 5.1l
# loses 5.1m
# loses 5.1n
# loses 5.1o
# loses 5.1p
# loses 5.1q: generator
# loses 5.1r: generator
# loses 5.1t: generator

class GlobalSelfAttention(GlobalSelfAttention):
    def forward(self, x):
        yield super().forward(x)


class FeedForward(FeedForward):
    def forward(self, x):
        yield super().forward(x)
