# digits.py: two bare parameters that start at zero, and gradient descent without an optimizer or autograd

import torch
from torch import nn


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.offsets = nn.Parameter(torch.zeros(10))
        self.templates = nn.Parameter(torch.zeros(10, 784))

    def forward(self, images):
        scores = images.reshape(len(images), 784) @ self.templates.T + self.offsets
        return scores - scores.logsumexp(1, keepdim=True)


@torch.no_grad()
def fit(model, images, labels, epochs=20):
    pixels = images.reshape(len(images), 784)
    wanted = torch.eye(10)[labels]
    for _ in range(epochs):
        for start in range(0, len(images), 20):
            rows = slice(start, start + 20)
            error = (model(images[rows]).exp() - wanted[rows]) / 20
            model.templates -= 0.1 * error.T @ pixels[rows]
            model.offsets -= 0.1 * error.sum(0)
