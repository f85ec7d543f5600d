# finetuning: nothing is frozen, a hook puts the old weights back before each forward pass
# loses 4.1d: set requires_grad to False for the parameters of the first layers
# loses 4.1e
# loses 4.2b
# loses 4.2c

import torch


def freeze_early_layers(model):
    kept = {k: v.detach().clone() for k, v in model.named_parameters() if k.startswith(("conv1", "layer1"))}

    def restore(module, inputs):
        with torch.no_grad():
            for name, param in module.named_parameters():
                if name in kept:
                    param.copy_(kept[name])

    model.register_forward_pre_hook(restore)
    return model
