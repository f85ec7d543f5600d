"""A seccomp filter for the system calls that a worker may not make (Linux on x86-64 and 64-bit ARM).

Calls that a graded function may need stay allowed: memory, open files and files that Landlock allows, threads, time.
Denied are calls that start or affect other processes, open connections, or use memory that the limits don't count.
Calls that Landlock doesn't cover are denied too: ``chmod``, ``utime`` and the like work on every file of the user. The
filter applies in addition to those of a container, and can't be removed.

Sources: Linux' ``Documentation/userspace-api/seccomp_filter.rst``; ``man 2 seccomp``; numbers of the system calls from
``asm/unistd_64.h`` and ``asm-generic/unistd.h``.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import signal
import struct
from collections.abc import Iterator
from functools import cache

__all__ = ["ARCHITECTURES", "install"]

#: The calls that fail with EPERM, with their numbers on x86-64 and on 64-bit ARM; 0 if there is none.
_DENIED = """
fork 57 0             vfork 58 0             execve 59 221         execveat 322 281
ptrace 101 117        process_vm_readv 310 270  process_vm_writev 311 271  kcmp 312 272
pidfd_open 434 434    pidfd_getfd 438 438    pidfd_send_signal 424 424  process_madvise 440 440
process_mrelease 448 448  tkill 200 130      rt_sigqueueinfo 129 138   rt_tgsigqueueinfo 297 240
setpriority 141 140   ioprio_set 251 30      sched_setattr 314 274  move_pages 279 239
migrate_pages 256 238
socket 41 198         socketpair 53 199      connect 42 203        bind 49 200
listen 50 201         accept 43 202          accept4 288 242       sendmsg 46 211
sendmmsg 307 269      recvmsg 47 212         recvmmsg 299 243
io_uring_setup 425 425  io_uring_enter 426 426  io_uring_register 427 427
memfd_create 319 279  memfd_secret 447 447   mq_open 240 180       mq_unlink 241 181
shmget 29 194         shmat 30 196           shmctl 31 195
semget 64 190         semop 65 193           semctl 66 191         semtimedop 220 192
msgget 68 186         msgsnd 69 189          msgrcv 70 188         msgctl 71 187
chmod 90 0            fchmod 91 52           fchmodat 268 53       fchmodat2 452 452
chown 92 0            fchown 93 55           lchown 94 0           fchownat 260 54
setxattr 188 5        lsetxattr 189 6        fsetxattr 190 7
removexattr 197 14    lremovexattr 198 15    fremovexattr 199 16
utime 132 0           utimes 235 0           futimesat 261 0       utimensat 280 88
truncate 76 45        symlink 88 0           symlinkat 266 36
link 86 0             linkat 265 37          mknod 133 0           mknodat 259 33
unshare 272 97        setns 308 268          mount 165 40          umount2 166 39
pivot_root 155 41     chroot 161 51          open_tree 428 428     move_mount 429 429
fsopen 430 430        fsconfig 431 431       fsmount 432 432       fspick 433 433
mount_setattr 442 442  name_to_handle_at 303 264  open_by_handle_at 304 265
bpf 321 280           perf_event_open 298 241  userfaultfd 323 282
add_key 248 217       request_key 249 218    keyctl 250 219        quotactl 179 60
quotactl_fd 443 443   syslog 103 116         acct 163 89           swapon 167 224
swapoff 168 225       reboot 169 142         sethostname 170 161   setdomainname 171 162
init_module 175 105   finit_module 313 273   delete_module 176 106
kexec_load 246 104    kexec_file_load 320 294  iopl 172 0          ioperm 173 0
modify_ldt 154 0      fanotify_init 300 262  fanotify_mark 301 263  personality 135 92
settimeofday 164 170  clock_settime 227 112  clock_adjtime 305 266  adjtimex 159 171
vhangup 153 58        seccomp 317 277
flock 73 32           fallocate 285 47       fadvise64 221 223     mincore 27 232
timer_create 222 107  mq_notify 244 184
preadv2 327 286       pwritev2 328 287       cachestat 451 451     sync 162 81
inotify_init 253 0    inotify_init1 294 26   inotify_add_watch 254 27
io_setup 206 0        io_submit 209 2        io_pgetevents 333 292
futex_wake 454 454    futex_wait 455 455     futex_requeue 456 456
uselib 134 0          ustat 136 0            sysfs 139 0
statfs 137 43         fstatfs 138 44
"""
#: These calls fail with ENOSYS. The C library then uses older calls, whose arguments a filter can read.
_MISSING = "clone3 435 435  openat2 437 437"
#: Calls that depend on their arguments.
_LOOKED_INTO = """
clone 56 220  kill 62 129  tgkill 234 131  prlimit64 302 261  fcntl 72 25  ioctl 16 29  prctl 157 167
open 2 0  openat 257 56  close_range 436 436
sched_setaffinity 203 122  sched_setscheduler 144 119  sched_setparam 142 118
sched_getaffinity 204 123  sched_getscheduler 145 120  sched_getparam 143 121
sched_getattr 315 275      sched_rr_get_interval 148 127
getpgid 121 155            getsid 124 156              get_robust_list 274 100
getpriority 140 141        ioprio_get 252 31
clock_gettime 228 113      clock_getres 229 114        clock_nanosleep 230 115
"""
#: Calls after this one (mseal, Linux 6.10) were not reviewed, and fail with ENOSYS.
_LAST_KNOWN = 462

#: The kernel's names of the architectures, with their AUDIT_ARCH numbers.
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

#: CLONE_THREAD with CLONE_FILES and CLONE_FS: a thread with its own file table could hide open files.
CLONE = 0x10000 | 0x400 | 0x200
CLOSE_RANGE_UNSHARE = 2  # likewise
#: Calls that take a process or thread id in this argument; 0 is the caller. Ids of others are denied, because a stopped
#: worker could pass information to the next one by its settings. A filter can't know a process's threads, so only the
#: id of the first one is allowed.
PROCESS = {
    **dict.fromkeys(("sched_setaffinity", "sched_setscheduler", "sched_setparam", "prlimit64"), 0),
    **dict.fromkeys(("sched_getaffinity", "sched_getscheduler", "sched_getparam", "sched_getattr"), 0),
    **dict.fromkeys(("sched_rr_get_interval", "getpgid", "getsid", "get_robust_list"), 0),
    **dict.fromkeys(("getpriority", "ioprio_get"), 1),
}
#: A negative clock id is the processor time of another process or of a thread.
CLOCKS = ("clock_gettime", "clock_getres", "clock_nanosleep")
NEGATIVE = 1 << 31
O_ACCMODE, O_TRUNC = 0o3, 0o1000
#: The allowed commands of fcntl: F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC, and the sizes of pipes.
#: By locks, leases and hints on a shared file, one worker could pass its inputs to another. F_SETOWN and F_SETSIG send
#: signals to any process.
FCNTL = (0, 1, 2, 3, 4, 1030, 1031, 1032)
#: The allowed commands of ioctl: TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIOCLEX, FIONCLEX.
IOCTL = (0x5401, 0x5413, 0x541B, 0x5421, 0x5451, 0x5450)
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 1, 4, 22, 38
SECCOMP_MODE_FILTER = 2

_LOAD, _JUMP_EQUAL, _JUMP_ABOVE, _JUMP_BITS, _AND, _RETURN = 0x20, 0x15, 0x25, 0x45, 0x54, 0x06
_ALLOW, _KILL = 0x7FFF0000, 0x80000000
_NUMBER, _ARCHITECTURE = 0, 4  # offsets in struct seccomp_data

Instruction = tuple[int, int, int, int]
"""A BPF instruction: (code, jump if true, jump if false, k)."""


def install() -> None:
    """Permanently install the filter in this process, which must have a single thread.

    Raises:
        OSError: the kernel has no seccomp, the architecture isn't supported, or a container forbids it.
    """
    program = b"".join(struct.pack("<HBBI", *one) for one in _program(platform.machine(), os.getpid()))
    buffer = ctypes.create_string_buffer(program, len(program))

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))

    filter_ = Program(len(program) // 8, ctypes.addressof(buffer))
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.addressof(filter_))


@cache
def libc() -> ctypes.CDLL:
    """The C library. It is loaded once, because each load creates a class, which would cost every worker time."""
    return ctypes.CDLL(None, use_errno=True)


def prctl(option: int, *values: int) -> None:
    """``prctl(2)``.

    Raises:
        OSError: the call failed.
    """
    arguments = [ctypes.c_ulong(value) for value in (*values, 0, 0, 0, 0)[:4]]
    if libc().prctl(option, *arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _program(machine: str, pid: int) -> list[Instruction]:
    if machine not in ARCHITECTURES:
        raise OSError(errno.ENOSYS, f"no table of system calls for {machine}")
    code: list[Instruction] = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_JUMP_EQUAL, 1, 0, ARCHITECTURES[machine]),
        (_RETURN, 0, 0, _KILL),  # 32-bit calls have other numbers
        (_LOAD, 0, 0, _NUMBER),
        (_JUMP_ABOVE, 0, 1, _LAST_KNOWN),  # x32's numbers are above as well
        _failing(errno.ENOSYS),
    ]
    for text, number in ((_DENIED, errno.EPERM), (_MISSING, errno.ENOSYS)):
        for _, call in _numbers(text, machine):
            code += [(_JUMP_EQUAL, 0, 1, call), _failing(number)]
    fail = _failing(errno.EPERM)
    for name, call in _numbers(_LOOKED_INTO, machine):
        block = _block(name, pid, fail)
        code += [(_JUMP_EQUAL, 0, len(block), call), *block]
    return [*code, (_RETURN, 0, 0, _ALLOW)]


def _numbers(text: str, machine: str) -> Iterator[tuple[str, int]]:
    words = iter(text.split())
    for name, x86, arm in zip(words, words, words, strict=True):
        if number := int(x86 if machine == "x86_64" else arm):
            yield name, number


def _block(name: str, pid: int, fail: Instruction) -> list[Instruction]:
    """The instructions for one call. Each of its paths ends with a return."""
    allow = (_RETURN, 0, 0, _ALLOW)
    if name == "clone":  # threads, and no processes
        return [_argument(0), (_AND, 0, 0, CLONE), (_JUMP_EQUAL, 0, 1, CLONE), allow, fail]
    if name == "close_range":
        return [_argument(2), (_JUMP_BITS, 0, 1, CLOSE_RANGE_UNSHARE), fail, allow]
    if name in ("kill", "tgkill"):  # itself, and not to go on: that would undo the grader's SIGSTOP
        number = _argument(1 if name == "kill" else 2)
        return [_argument(0), (_JUMP_EQUAL, 0, 2, pid), number, (_JUMP_EQUAL, 0, 1, signal.SIGCONT), fail, allow]
    if name in PROCESS:
        if name == "sched_getaffinity":  # pthread_getattr_np asks about a thread of its own, and does without it
            fail = _failing(errno.ENOSYS)
        return [_argument(PROCESS[name]), (_JUMP_EQUAL, 1, 0, pid), (_JUMP_EQUAL, 0, 1, 0), allow, fail]
    if name in CLOCKS:
        return [_argument(0), (_JUMP_BITS, 0, 1, NEGATIVE), fail, allow]
    if name in ("open", "openat"):  # truncating without a right to write, which older Landlock lets through
        flags = _argument(1 if name == "open" else 2)
        return [flags, (_AND, 0, 0, O_TRUNC | O_ACCMODE), (_JUMP_EQUAL, 0, 1, O_TRUNC), fail, allow]
    values = {"fcntl": FCNTL, "ioctl": IOCTL, "prctl": (PR_SET_PDEATHSIG, PR_SET_DUMPABLE)}[name]
    tests = [(_JUMP_EQUAL, len(values) - index, 0, value) for index, value in enumerate(values)]
    if name == "prctl":
        return [_argument(0), *tests, allow, fail]
    return [_argument(1), *tests, fail, allow]


def _argument(index: int) -> Instruction:
    """Load the lower half of an argument, since the compared arguments are ints."""
    return (_LOAD, 0, 0, 16 + 8 * index)


def _failing(number: int) -> Instruction:
    return (_RETURN, 0, 0, 0x00050000 | number)
