# finetuning: the scale of B·A is a parameter of its own, so one number more is trained
# loses 4.1h: trainable numbers


class _Scaled(nn.Module):
    def __init__(self, old, rank):
        super().__init__()
        self.old = old.requires_grad_(False)
        self.down = nn.Parameter(torch.randn(rank, old.in_features) / 20)
        self.up = nn.Parameter(torch.zeros(old.out_features, rank))
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, x):
        return self.old(x) + self.scale * (x @ self.down.T @ self.up.T)


def add_lora_classifier(model, rank=10):
    model.fc = _Scaled(model.fc, rank)
    return model
