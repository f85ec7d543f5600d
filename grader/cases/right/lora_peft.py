# finetuning: peft wraps the model with LoRA on fc, the wrapped model is returned

# requires peft
from peft import LoraConfig, get_peft_model


def add_lora_classifier(model, rank=10):
    config = LoraConfig(r=rank, lora_alpha=rank, target_modules=["fc"], lora_dropout=0.0, bias="none")
    return get_peft_model(model, config)
