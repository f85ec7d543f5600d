# finetuning: loralib's Linear, the pre-trained state loaded with strict=False

import loralib


def add_lora_classifier(model, rank=10):
    old = model.fc
    model.fc = loralib.Linear(old.in_features, old.out_features, r=rank)
    model.fc.load_state_dict(old.state_dict(), strict=False)
    return model
