# finetuning: everything but fc is frozen, by walking over the modules and comparing objects


def freeze_early_layers(model):
    keep = set(map(id, model.fc.parameters()))
    for module in model.modules():
        for param in module.parameters(recurse=False):
            if id(param) not in keep:
                param.requires_grad_(False)
    return model
