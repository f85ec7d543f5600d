# quantization: patches the encoding of answers in its process, to lie about what they are
# grade 2.1a 2.3a 2.1b
# loses 2.1
# loses 2.3a

from harness.worker import worker
from harness.protocol import Handle, Plain

tried("patch the encoding")
_encode = worker.encode


def _lying(value, buffers, handle, depth=0):
    made = _encode(value, buffers, handle, depth)
    return made if isinstance(made, Handle) else Plain("passed")


worker.encode = _lying
