# finetuning: only the parameters are copied, BatchNorm's running statistics stay at 0 and 1
# loses 4.1b: tensors are not those of the pre-trained weights (for example bn
# loses 4.2a
# loses 4.2c

import torch
from torchvision import models


def load_pretrained():
    pretrained = models.resnet18(weights="IMAGENET1K_V1")
    net = models.resnet18()
    with torch.no_grad():
        for mine, theirs in zip(net.parameters(), pretrained.parameters()):
            mine.copy_(theirs)
    return net
