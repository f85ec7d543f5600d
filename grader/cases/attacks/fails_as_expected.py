# quantization: raises pytest's xfail, KeyboardInterrupt and GeneratorExit
# grade 2.1a 2.2a 2.3a 1.1a
# loses 2.1a: raised XFailed
# loses 2.2a: raised KeyboardInterrupt
# loses 2.3a: raised GeneratorExit

import pytest


def quantize(W, bits=8):
    tried("xfail")
    pytest.xfail("as expected")


def quantize_model(model, bits, stochastic=False, rng=None):
    tried("KeyboardInterrupt")
    raise KeyboardInterrupt


def stochastic_quantize(W, bits=2, rng=None):
    tried("GeneratorExit")
    raise GeneratorExit
