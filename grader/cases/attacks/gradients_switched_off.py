# pruning: switches gradients off in its whole process, so that steps of training change nothing
# grade 3.2a 3.3g
# loses 3.2a: does not require grad
# loses 3.3g: does not require grad

import torch

torch.autograd.set_grad_enabled(False)
torch._C._set_grad_enabled(False)
_old_filter_l1_pruning = filter_l1_pruning


class SparseConvNet(SparseConvNet):
    def forward(self, x):
        tried("switch gradients off")
        torch._C._set_grad_enabled(False)
        return super().forward(x)


def filter_l1_pruning(net, prune_percent):
    tried("switch gradients off")
    _old_filter_l1_pruning(net, prune_percent)
