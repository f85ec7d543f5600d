# pruning: forward runs under no_grad, so nothing can be trained
# loses 3.2a: does not require grad


class SparseConvNet(SparseConvNet):
    @torch.no_grad()
    def forward(self, x):
        return super().forward(x)
