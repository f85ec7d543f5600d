# quantization: probabilities are kept between 5 and 95 %, so values on a code move
# loses 2.3c: were moved to another one


def stochastic_quantize(W, bits=2, rng=None):
    rng = np.random.default_rng() if rng is None else rng
    scaled, args = _scaled(W, bits)
    floor = np.floor(scaled)
    up = rng.random(scaled.shape) < np.clip(scaled - floor, 0.05, 0.95)
    return np.minimum(floor + up, 2**bits - 1).astype(np.uint8), args
