# pruning: the mask is another one each time it is read
# grade 3.3a 3.3d 3.3f
# loses 3.3a: filters were switched off
# loses 3.3d: Not run
# loses 3.3f: are on again

import torch

_filter_l1_pruning = filter_l1_pruning


class Changing(torch.Tensor):
    @classmethod
    def __torch_function__(cls, function, types, arguments=(), keywords=None):
        tried("answer each operator by chance")
        answer = super().__torch_function__(function, types, arguments, keywords or {})
        if isinstance(answer, torch.Tensor) and answer.is_floating_point():
            return (torch.rand(answer.shape) > 0.5).to(answer.dtype)
        return answer


def filter_l1_pruning(net, prune_percent):
    tried("put changing masks into the layers")
    for module in net.modules():
        if hasattr(module, "_mask"):
            module._mask = module._mask.as_subclass(Changing)
