# quantization: the nearest of the 2^bits levels is found by searchsorted, ties go down; args is a named tuple (low, high, bits)
# free because: "127.5 may be rounded to 127 as well"; the extra arguments may be any small tuple that pickle can copy
from typing import NamedTuple


class Range(NamedTuple):
    low: float
    high: float
    bits: int

    def levels(self):
        return np.linspace(self.low, self.high, 2**self.bits)


def _range(W, bits):
    return Range(float(np.min(W)), float(np.max(W)), bits)


def quantize(W, bits=8):
    found = _range(W, bits)
    levels = found.levels()
    borders = levels[:-1] + np.diff(levels) / 2
    return np.searchsorted(borders, np.asarray(W, dtype=np.float64)).astype(np.uint8), found


def dequantize(codes, args):
    return args.levels()[codes]


def stochastic_quantize(W, bits=2, rng=None):
    if rng is None:
        rng = np.random.default_rng()
    found = _range(W, bits)
    levels = found.levels()
    values = np.asarray(W, dtype=np.float64)
    below = np.clip(np.searchsorted(levels, values, side="right") - 1, 0, len(levels) - 2)
    gap = levels[below + 1] - levels[below]
    share = np.divide(values - levels[below], gap, out=np.zeros_like(values), where=gap > 0)
    return (below + rng.binomial(1, np.clip(share, 0.0, 1.0))).astype(np.uint8), found


def quantize_model(model, bits, stochastic=False, rng=None):
    new = copy.deepcopy(model)
    for parameter in new.parameters():
        array = parameter.detach().cpu().double().numpy()
        codes, args = stochastic_quantize(array, bits, rng) if stochastic else quantize(array, bits)
        parameter.data = torch.as_tensor(dequantize(codes, args), dtype=parameter.dtype, device=parameter.device)
    return new
