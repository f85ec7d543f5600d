# pruning: SparseConvNet's output loses the dimension of the batch where that is one image
# loses 3.1c: for one image

_Right = SparseConvNet


class SparseConvNet(_Right):
    def forward(self, x):
        return super().forward(x).squeeze()
