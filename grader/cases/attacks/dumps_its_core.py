# quantization: ends with as large a core dump as its limits allow
# grade 2.1a 2.1b
# loses 2.1a: SIGABRT
# loses 2.1b: SIGABRT

import os
import resource

_quantize = quantize


def quantize(W, bits=8):
    tried("dump its memory")
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
    os.abort()
