# finetuning: resnet18 without weights, nothing is pre-trained
# loses 4.1b: tensors are not those of the pre-trained weights (for example conv
# loses 4.2a
# loses 4.2c

import torchvision


def load_pretrained():
    return torchvision.models.resnet18(weights=None)
