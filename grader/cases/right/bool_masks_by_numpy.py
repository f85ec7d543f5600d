# pruning: new bool masks made with NumPy are put in the buffer's place; SparseConvNet is a ConvNet with its convolutions exchanged; epochs counted from 0
# free because: handout: "a bool one put in its place is right too"; "counted from 1 or from 0"; structure of the class is free but for model and classifier
import numpy as np
from course.models import ConvNet

PRUNE_EPOCHS = list(range(9, 50, 10))


class SparseConvNet(ConvNet):
    def __init__(self, conv_layer=SparseConv2d):
        super().__init__()
        for place, (c_in, c_out, stride) in enumerate(CONVNET_LAYERS):
            self.model[place][0] = conv_layer(c_in, c_out, 3, stride=stride)


def _prune_layer(layer, scores, fraction):
    old = layer._mask
    alive = (old != 0).cpu().numpy().copy()
    flat = alive.reshape(-1)
    candidates = np.flatnonzero(flat)
    order = np.argsort(scores.detach().cpu().numpy().reshape(-1)[candidates], kind="stable")
    flat[candidates[order[: round(flat.size * fraction)]]] = False
    layer._mask = torch.from_numpy(flat.reshape(tuple(old.shape))).to(old.device)


def filter_l1_pruning(net, prune_percent):
    for layer in get_sparse_conv2d_layers(net):
        _prune_layer(layer, torch.linalg.vector_norm(layer._weight.flatten(1), ord=1, dim=1), prune_percent)


def unstructured_pruning(net, prune_percent):
    for layer in get_sparse_conv2d_layers(net):
        _prune_layer(layer, layer._weight.abs(), prune_percent)
