# finetuning: the comparison is the wrong way round, the later half is frozen and the early one trained
# loses 4.1d: fc.weight is the same after two steps
# loses 4.1e
# loses 4.2b
# loses 4.2c

def freeze_early_layers(model):
    params = list(model.parameters())
    for i, param in enumerate(params):
        if i >= len(params) // 2:
            param.requires_grad = False
    return model
