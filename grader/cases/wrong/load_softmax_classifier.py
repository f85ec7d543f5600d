# finetuning: a softmax is put behind fc, the outputs are no longer the pre-trained ones
# loses 4.1b: return the network as torchvision makes it
# loses 4.2a
# loses 4.2c

from torch import nn
from torchvision import models


def load_pretrained():
    model = models.resnet18(weights="IMAGENET1K_V1")
    fc = model.fc
    plain_forward = fc.forward
    softmax = nn.Softmax(dim=1)
    fc.forward = lambda x: softmax(plain_forward(x))
    return model
