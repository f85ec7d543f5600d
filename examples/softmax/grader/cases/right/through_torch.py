# softmax: both functions ask PyTorch

import torch


def softmax(x, axis=-1):
    return torch.softmax(torch.tensor(x), dim=axis).numpy()


def cross_entropy(logits, labels):
    return torch.nn.functional.cross_entropy(torch.tensor(logits), torch.tensor(labels)).item()
