# softmax: the loss takes logarithms of probabilities, with 1e-9 as their smallest
# loses 1.2b: work with logarithms from the start

def cross_entropy(logits, labels):
    p = softmax(logits)[np.arange(len(labels)), labels]
    return -np.log(np.maximum(p, 1e-9)).mean()
