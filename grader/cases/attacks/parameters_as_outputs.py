# finetuning: outputs are parameters of bfloat16, which NumPy can't take, and which hold a graph
# grade 4.1a 4.1b 4.1c 4.1f
# loses 4.1a: bfloat16
# loses 4.1b
# may lose 4.1c
# may lose 4.1f

import torch

_load, _add = load_pretrained, add_lora_classifier


def _with_parameters(model):
    tried("return parameters of bfloat16")
    model.register_forward_hook(lambda module, args, output: torch.nn.Parameter(output.detach().bfloat16()))
    return model


def load_pretrained():
    return _with_parameters(_load())


def add_lora_classifier(model, rank=10):
    return _with_parameters(_add(model, rank))
