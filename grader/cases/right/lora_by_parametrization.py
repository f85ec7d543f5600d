# finetuning: LoRA by torch.nn.utils.parametrize on fc's weight, bias frozen; freezes only convolutions of conv1 and layer1
# free because: "loralib, peft or your own layer"; bias "frozen or not"; "any choice is right that has conv1 or a convolution of layer1 in it"
from torch.nn.utils import parametrize


class _LowRankUpdate(nn.Module):
    def __init__(self, weight, rank):
        super().__init__()
        outputs, inputs = weight.shape
        self.A = nn.Parameter(torch.randn(rank, inputs, device=weight.device) / inputs**0.5)
        self.B = nn.Parameter(torch.zeros(outputs, rank, device=weight.device))

    def forward(self, weight):
        return weight + 2.0 * self.B @ self.A


def load_pretrained():
    model = resnet18()
    model.load_state_dict(ResNet18_Weights.IMAGENET1K_V1.get_state_dict(progress=False))
    return model


def freeze_early_layers(model):
    for part in (model.conv1, *model.layer1.modules()):
        if isinstance(part, nn.Conv2d):
            part.weight.requires_grad = False


def add_lora_classifier(model, rank=10):
    model.fc.requires_grad_(False)
    parametrize.register_parametrization(model.fc, "weight", _LowRankUpdate(model.fc.weight, rank))
    model.fc.parametrizations.weight.original.requires_grad_(False)
    return model
