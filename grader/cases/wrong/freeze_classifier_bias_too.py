# finetuning: all but fc.weight is frozen, so also the classifier's bias
# loses 4.1d: fc.bias is the same after two steps
# loses 4.1e
# loses 4.2b
# loses 4.2c

def freeze_early_layers(model):
    for name, param in model.named_parameters():
        if name != "fc.weight":
            param.requires_grad_(False)
    return model
