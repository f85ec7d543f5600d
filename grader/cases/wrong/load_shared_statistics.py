# finetuning: every model of load_pretrained() has the statistics of batch norm of the first one
# loses 4.1c: Two models of load_pretrained() share parameters or statistics

from torchvision.models import ResNet18_Weights, resnet18

FIRST = []


def load_pretrained():
    model = resnet18(weights=ResNet18_Weights.IMAGENET1K_V1)
    FIRST.append(model)
    of_the_first = dict(FIRST[0].named_modules())
    for name, module in model.named_modules():
        if hasattr(module, "running_mean"):
            module.running_mean = of_the_first[name].running_mean
            module.running_var = of_the_first[name].running_var
    return model
