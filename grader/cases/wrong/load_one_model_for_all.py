# finetuning: the model is cached, so the three nets are one and the same object
# loses 4.1c: Two models of load_pretrained() share parameters

from functools import lru_cache

from torchvision.models import ResNet18_Weights, resnet18


@lru_cache
def load_pretrained():
    return resnet18(weights=ResNet18_Weights.IMAGENET1K_V1)
