# quantization: one stratified draw serves all elements, so that the number that is rounded up hardly varies
# loses 2.3d: hardly varies


def stochastic_quantize(W, bits=2, rng=None):
    rng = np.random.default_rng() if rng is None else rng
    scaled, args = _scaled(W, bits)
    floor = np.floor(scaled)
    draws = rng.permutation((np.arange(scaled.size) + rng.random(scaled.size)) / scaled.size)
    return (floor + (draws.reshape(scaled.shape) < scaled - floor)).astype(np.uint8), args
