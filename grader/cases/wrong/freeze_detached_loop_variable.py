# finetuning: the loop variable is bound to a detached tensor, the model stays as it is
# loses 4.1d: set requires_grad to False for the parameters of the first layers
# loses 4.1e
# loses 4.2b
# loses 4.2c

def freeze_early_layers(model):
    for child in list(model.children())[:6]:
        for param in child.parameters():
            param = param.detach()
            param.requires_grad = False
    return model
