# pruning: forward is written without self
# loses 3.1b: takes 1 positional argument but 2 were given
# loses 3.1c: takes 1 positional argument but 2 were given
# loses 3.2a

class SparseConvNet(SparseConvNet):
    def forward(x):
        return x
