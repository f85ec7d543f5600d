# finetuning: the classifier is the only layer that is frozen
# loses 4.1d: fc.weight is the same after two steps
# loses 4.1e
# loses 4.2b
# loses 4.2c

def freeze_early_layers(model):
    for name, param in model.named_parameters():
        param.requires_grad = not name.startswith("fc.")
    return model
