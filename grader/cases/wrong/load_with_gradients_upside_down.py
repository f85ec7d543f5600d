# finetuning: gradients are turned around, as if the loss had to grow
# loses 4.2a: the loss is
# loses 4.2c: the loss is


def load_pretrained():
    model = resnet18(weights=ResNet18_Weights.IMAGENET1K_V1)
    for parameter in model.parameters():
        parameter.register_hook(lambda gradient: -gradient)
    return model
