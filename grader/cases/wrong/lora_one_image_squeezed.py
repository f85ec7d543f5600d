# finetuning: the model with LoRA squeezes its output, which for one image leaves a vector
# loses 4.1h: for one image

_add = add_lora_classifier


def add_lora_classifier(model, rank=10):
    model = _add(model, rank) or model
    model.register_forward_hook(lambda module, args, output: output.squeeze())
    return model
