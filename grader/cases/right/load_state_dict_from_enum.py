# finetuning: an empty resnet18 into which the enum's state dict is loaded

import torchvision.models as models


def load_pretrained():
    model = models.resnet18()
    model.load_state_dict(models.ResNet18_Weights.IMAGENET1K_V1.get_state_dict(progress=True, check_hash=False))
    return model
