# finetuning: B's weight is zero but its Linear has a random bias, the start is not the pre-trained model
# loses 4.1f: copy the pre-trained weight and the bias into the new layer
# loses 4.1g
# loses 4.1h
# loses 4.2c

from torch import nn


class LoRALinear(nn.Module):
    def __init__(self, base, rank):
        super().__init__()
        self.base = base
        for p in self.base.parameters():
            p.requires_grad = False
        self.down = nn.Linear(base.in_features, rank)
        self.up = nn.Linear(rank, base.out_features)
        nn.init.zeros_(self.up.weight)

    def forward(self, x):
        return self.base(x) + self.up(self.down(x))


def add_lora_classifier(model, rank=10):
    model.fc = LoRALinear(model.fc, rank)
    return model
