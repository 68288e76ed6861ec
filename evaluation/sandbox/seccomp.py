"""The system calls a program in the sandbox does not get, as a filter for the kernel.

No processes or threads can be started at all: a limit on their number does not bind root. What can
reach out of a namespace or into the kernel's odder corners is refused too. Numbers are those of
each processor's own table; on other processors there is no filter, and the sandbox is off.
"""

import platform
import struct
from collections.abc import Iterator

LOAD, EQUAL, AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06
ALLOW, REFUSE, KILL = 0x7FFF0000, 0x00050001, 0x80000000
NUMBER, ARCHITECTURE = 0, 4
X32 = 0x40000000

AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
REFUSED = {
    "x86_64": {
        "clone": 56, "fork": 57, "vfork": 58, "clone3": 435, "ptrace": 101, "mount": 165,
        "umount2": 166, "unshare": 272, "setns": 308, "keyctl": 250, "add_key": 248,
        "request_key": 249, "bpf": 321, "io_uring_setup": 425, "userfaultfd": 323,
        "perf_event_open": 298, "process_vm_readv": 310, "process_vm_writev": 311,
    },
    "aarch64": {
        "clone": 220, "clone3": 435, "ptrace": 117, "mount": 40, "umount2": 39, "unshare": 97,
        "setns": 268, "keyctl": 219, "add_key": 217, "request_key": 218, "bpf": 280,
        "io_uring_setup": 425, "userfaultfd": 282, "perf_event_open": 241,
        "process_vm_readv": 270, "process_vm_writev": 271,
    },
}  # fmt: skip


def known() -> bool:
    return platform.machine() in AUDIT


def program() -> bytes:
    """The filter in the form bubblewrap's --seccomp reads."""
    return b"".join(struct.pack("=HBBI", *line) for line in lines(platform.machine()))


def lines(machine: str) -> Iterator[tuple[int, int, int, int]]:
    """(code, steps if true, steps if false, operand)."""
    yield LOAD, 0, 0, ARCHITECTURE
    yield EQUAL, 1, 0, AUDIT[machine]
    yield RETURN, 0, 0, KILL
    yield LOAD, 0, 0, NUMBER
    if machine == "x86_64":
        yield AT_LEAST, 0, 1, X32
        yield RETURN, 0, 0, REFUSE
    for number in REFUSED[machine].values():
        yield EQUAL, 0, 1, number
        yield RETURN, 0, 0, REFUSE
    yield RETURN, 0, 0, ALLOW
