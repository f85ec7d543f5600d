# pruning: lists, sorted and loops, one mask entry set at a time

from course.layers import get_sparse_conv2d_layers

PRUNE_EPOCHS = [e for e in range(1, 100) if e % 10 == 0 and e <= 50]
PRUNE_PERCENTAGE = 0.1


def filter_l1_pruning(net, prune_percent):
    for layer in get_sparse_conv2d_layers(net):
        candidates = []
        for number, kernel in enumerate(layer._weight):
            if layer._mask[number].item() == 0:
                continue
            norm = 0.0
            for value in kernel.flatten().tolist():
                norm += value if value > 0 else -value
            candidates.append((norm, number))
        candidates.sort()
        how_many = round(len(layer._mask) * prune_percent)
        for _, number in candidates[:how_many]:
            layer._mask[number] = 0.0


def unstructured_pruning(net, prune_percent):
    for layer in get_sparse_conv2d_layers(net):
        weights = layer._weight.detach().reshape(-1).tolist()
        mask = layer._mask.reshape(-1).tolist()
        alive = [i for i in range(len(weights)) if mask[i]]
        alive.sort(key=lambda i: abs(weights[i]))
        for i in alive[: round(len(weights) * prune_percent)]:
            mask[i] = 0.0
        layer._mask.copy_(layer._mask.new_tensor(mask).reshape(layer._mask.shape))
