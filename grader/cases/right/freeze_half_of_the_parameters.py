# finetuning: the first half of the list of parameters is frozen


def freeze_early_layers(model, fraction=0.5):
    params = list(model.parameters())
    for param in params[: int(len(params) * fraction)]:
        param.requires_grad = False
    return model
