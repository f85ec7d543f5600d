# finetuning: what is not frozen climbs the loss instead of descending it
# loses 4.2b: the loss is
# loses 4.2c: the loss is


def freeze_early_layers(model):
    for name, parameter in model.named_parameters():
        if name.startswith(("conv1", "bn1", "layer1", "layer2")):
            parameter.requires_grad = False
        else:
            parameter.register_hook(lambda gradient: -gradient)
    return model
