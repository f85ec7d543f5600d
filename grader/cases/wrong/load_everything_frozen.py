# finetuning: all parameters are frozen while loading, the whole fine-tuning can't train
# loses 4.1c: parameters of load_pretrained() take no gradient
# loses 4.2a

from torchvision import models


def load_pretrained():
    model = models.resnet18(weights=models.ResNet18_Weights.DEFAULT)
    for param in model.parameters():
        param.requires_grad = False
    return model
