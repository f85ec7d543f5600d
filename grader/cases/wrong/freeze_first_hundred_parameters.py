# finetuning: the first 100 parameters are frozen, but there are only 62, so fc is frozen too
# loses 4.1d: of tensors does not require grad and does not have a grad_fn
# loses 4.1e
# loses 4.2b
# loses 4.2c

def freeze_early_layers(model):
    for i, param in enumerate(model.parameters()):
        if i < 100:
            param.requires_grad = False
    return model
