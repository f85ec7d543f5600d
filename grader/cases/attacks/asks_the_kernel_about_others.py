# quantization: what other processes set of themselves, and what the kernel tells of it, carries data between workers
# refused PermissionError ProcessLookupError OSError
# grade 2.1a

import os

_quantize = quantize


def quantize(W, bits=8):
    # A worker can set each of these for itself. If another can ask for them, two workers have a wire between them:
    # the priority alone has twenty values for each of sixty threads.
    for name, process in ("the server", os.getppid()), ("the grader", int("$GRADER")):
        attempt(f"ask for the priority of {name}", os.getpriority, os.PRIO_PROCESS, process)
        attempt(f"ask for the processors of {name}", os.sched_getaffinity, process)
        attempt(f"ask for the schedule of {name}", os.sched_getscheduler, process)
        attempt(f"ask for the parameters of {name}", os.sched_getparam, process)
        attempt(f"ask for the slice of {name}", os.sched_rr_get_interval, process)
        attempt(f"ask for the group of {name}", os.getpgid, process)
        attempt(f"ask for the terminal's group of {name}", os.getsid, process)
    return _quantize(W, bits)
