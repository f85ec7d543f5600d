# softmax: the maximum is not subtracted before the exponentials
# loses 1.1d: NaN or infinite

def softmax(x, axis=-1):
    exponentials = np.exp(x)
    return exponentials / exponentials.sum(axis=axis, keepdims=True)
