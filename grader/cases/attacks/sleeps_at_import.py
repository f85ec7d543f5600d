# training: sleeps at import, deaf to signals
# grade 1.1a 2.1a
# loses 1.1a: Is there an endless loop

import signal
import time

tried("sleep at import")
for _number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
    signal.signal(_number, signal.SIG_IGN)
while True:
    time.sleep(1000)
