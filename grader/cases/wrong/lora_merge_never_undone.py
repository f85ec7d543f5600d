# finetuning: eval() adds B·A to the frozen weight and train() doesn't take it off again, so it is added ever anew
# loses 4.1g: by a matrix of rank
# loses 4.1h
# loses 4.2c

import math


class _MergingLoRA(nn.Module):
    def __init__(self, linear, rank):
        super().__init__()
        self.weight = nn.Parameter(linear.weight.detach().clone(), requires_grad=False)
        self.bias = nn.Parameter(linear.bias.detach().clone())
        self.lora_A = nn.Parameter(torch.empty(rank, linear.in_features))
        self.lora_B = nn.Parameter(torch.zeros(linear.out_features, rank))
        nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))
        self.merged = False

    def train(self, mode=True):
        super().train(mode)
        if mode:
            self.merged = False
        elif not self.merged:
            with torch.no_grad():
                self.weight += self.lora_B @ self.lora_A
            self.merged = True
        return self

    def forward(self, x):
        out = nn.functional.linear(x, self.weight, self.bias)
        if not self.merged:
            out = out + x @ self.lora_A.T @ self.lora_B.T
        return out


def add_lora_classifier(model, rank=10):
    model.fc = _MergingLoRA(model.fc, rank)
    return model
