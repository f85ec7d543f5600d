# finetuning: the old pretrained=True, and the model comes in evaluation mode

from torchvision.models import resnet18


def load_pretrained():
    model = resnet18(pretrained=True)
    model.eval()
    return model
