# softmax: axis is ignored
# loses 1.1c: with axis=0

_softmax = softmax


def softmax(x, axis=-1):
    return _softmax(x)
