# transformer: Transformer returns no dimension for the batch where that is one sequence
# loses 5.1q: The shape of
# loses 5.1t: Writing sequences

_Right = Transformer


class Transformer(_Right):
    def forward(self, context, x):
        return super().forward(context, x).squeeze()
