# finetuning: A and B are bias-free Linear modules beside the frozen layer, whose bias is frozen too

from torch import nn


class LoRALinear(nn.Module):
    def __init__(self, pretrained, rank):
        super().__init__()
        self.pretrained = pretrained
        for p in self.pretrained.parameters():
            p.requires_grad = False
        self.A = nn.Linear(pretrained.in_features, rank, bias=False)
        self.B = nn.Linear(rank, pretrained.out_features, bias=False)
        nn.init.normal_(self.A.weight, std=0.01)
        nn.init.constant_(self.B.weight, 0.0)

    def forward(self, x):
        h = self.pretrained(x)
        h += self.B(self.A(x))
        return h


def add_lora_classifier(model, rank=10):
    model.fc = LoRALinear(model.fc, rank)
    return model
