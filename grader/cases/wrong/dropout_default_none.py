# transformer: FeedForward drops nothing where no rate is given
# loses 5.1j: without a dropout_rate

_FeedForward = FeedForward


class FeedForward(_FeedForward):
    def __init__(self, d_model, dff, dropout_rate=0.0):
        super().__init__(d_model, dff, dropout_rate)
