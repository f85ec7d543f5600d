# pruning: the network's state has an entry that is no tensor, and entries with names that nobody expects
# grade 3.1b 3.2a 3.3a

import torch

_init = SparseConvNet.__init__


def init(self, *arguments, **keywords):
    _init(self, *arguments, **keywords)
    for name in "\u202e", "\n", "state dict", "a" * 50_000, "\x1b[2J":
        self.register_buffer(name, torch.zeros(1))


def get_extra_state(self):
    tried("put more than tensors into the state")
    return {"weights": [object(), self, lambda: 0], "deep": [[[[[]]]]] * 100}


SparseConvNet.__init__ = init
SparseConvNet.get_extra_state = get_extra_state
SparseConvNet.set_extra_state = lambda self, state: None
