# finetuning: fc is replaced by a new layer with the 10 classes of CINIC-10
# loses 4.1a: use torchvision.models.resnet
# loses 4.1b
# loses 4.2a
# loses 4.2c

from torch import nn
from torchvision import models


def load_pretrained():
    model = models.resnet18(weights="IMAGENET1K_V1")
    model.fc = nn.Linear(model.fc.in_features, 10)
    return model
