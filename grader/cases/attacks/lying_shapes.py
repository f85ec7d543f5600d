# finetuning: networks whose parameters have shapes that no computer could multiply, or print
# grade 4.1a 4.1c 4.1h
# loses 4.1a: not of the form
# loses 4.1c: not of the form
# loses 4.1h: not of the form

from torch import nn


class _Parameter:
    requires_grad = True

    def __init__(self, shape):
        self.shape = shape


class _Network(nn.Module):
    shapes = ([2**62] * 80_000, [2**62] * 33)

    def named_parameters(self, *args, **kwargs):
        tried("parameters without end")
        for number, shape in enumerate(self.shapes):
            yield str(number), _Parameter(shape)


class _Other(_Network):
    shapes = ([2**40], [-1], [True], [1.5], ["1000"])


def load_pretrained():
    return _Network()


def add_lora_classifier(model, rank=10):
    model.fc = _Other()
    return model
