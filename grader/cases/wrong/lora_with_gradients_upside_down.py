# finetuning: A and B climb the loss instead of descending it
# loses 4.2c: the loss is

_add = add_lora_classifier


def add_lora_classifier(model, rank=10):
    model = _add(model, rank)
    for name, parameter in model.named_parameters():
        parameter.requires_grad = "lora" in name
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.register_hook(lambda gradient: -gradient)
    return model
