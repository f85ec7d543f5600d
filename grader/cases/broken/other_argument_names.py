# finetuning: the function takes no arguments, and works on a global model
# loses 4.1d: takes 0 positional arguments but 1 was given
# loses 4.1e
# loses 4.1f: takes 0 positional arguments but 1 was given
# loses 4.1g
# loses 4.1h
# loses 4.2b
# loses 4.2c

_model = resnet18()


def freeze_early_layers():
    for parameter in _model.parameters():
        parameter.requires_grad = False
    return _model


def add_lora_classifier():
    return _model
