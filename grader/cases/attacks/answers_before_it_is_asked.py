# quantization: sends a well-formed answer ahead at import, so that each answer is that to the call before
# grade 2.1a 2.1b 2.3a
# loses 2.1a
# loses 2.1b
# loses 2.3a

import os

from harness.protocol import Plain, Reply, frame_bytes

tried("an answer ahead")
for _piece in frame_bytes(Reply(value=Plain(True)), []):
    os.write(3, _piece)
