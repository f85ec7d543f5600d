# finetuning: only the first convolution and its BatchNorm are frozen, the latter also in evaluation mode for good

import itertools


def freeze_early_layers(model):
    for param in itertools.chain(model.conv1.parameters(), model.bn1.parameters()):
        param.requires_grad = False
    model.bn1.eval()
    model.bn1.train = lambda mode=True: model.bn1
    return model
