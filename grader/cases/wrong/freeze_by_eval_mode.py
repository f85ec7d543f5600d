# finetuning: the early layers are put into evaluation mode, which freezes no weight
# loses 4.1d: set requires_grad to False for the parameters of the first layers
# loses 4.1e
# loses 4.2b
# loses 4.2c

def freeze_early_layers(model):
    for layer in [model.conv1, model.bn1, model.layer1, model.layer2]:
        layer.eval()
    return model
