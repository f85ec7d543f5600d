# finetuning: fc is replaced by an untrained layer of 1000 outputs
# loses 4.1b: tensors are not those of the pre-trained weights (for example fc.weigh
# loses 4.2a
# loses 4.2c

from torch import nn
from torchvision import models


def load_pretrained():
    net = models.resnet18(weights=models.ResNet18_Weights.IMAGENET1K_V1)
    num_ftrs = net.fc.in_features
    net.fc = nn.Linear(num_ftrs, 1000)
    return net
