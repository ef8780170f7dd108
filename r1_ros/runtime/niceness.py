"""Which process gets the CPU where there is not enough of it for all."""

from __future__ import annotations

import os
import time
from pathlib import Path

_MOST = 19
# On Linux each thread has a niceness of its own, and where sessions are scheduled as groups
# (autogroup) it counts only within its session, which has another one.
_THREADS = Path("/proc/self/task")
_GROUP = Path("/proc/self/autogroup")
_GROUP_TRIES, _GROUP_WAIT_S = 20, 0.05


def yield_to_others(niceness: int) -> None:
    """Add to the niceness of this process: of all its threads, and of its session if it leads one.

    Call it when the middleware runs: threads that begin later have that of who begins them.

    Args:
        niceness: 0 to 19; 0 changes nothing.

    Raises:
        OSError: The system does not let it; what had been changed by then stays.
    """
    if not niceness:
        return
    wanted = min(_MOST, os.getpriority(os.PRIO_PROCESS, 0) + niceness)
    for thread in _THREADS.iterdir():
        try:
            os.setpriority(os.PRIO_PROCESS, int(thread.name), wanted)
        except ProcessLookupError:
            continue  # it has just ended
    if os.getsid(0) == os.getpid() and _GROUP.exists():  # else others are in it, a shell perhaps
        yield_as_group(_GROUP, niceness)


def yield_as_group(group: Path, niceness: int) -> None:
    """Add to the niceness of a session that is scheduled as a group.

    Args:
        group: Its file: one line as `/autogroup-7 nice 0`, or nothing where it is in no group of
            its own (that of the system's first process, or one in a control group).
        niceness: 1 to 19.

    Raises:
        OSError: The group can't be changed.
    """
    line = group.read_text()
    if not line:
        return
    wanted = str(min(_MOST, int(line.rsplit(" ", 1)[1]) + niceness))
    for left in reversed(range(_GROUP_TRIES)):
        try:
            group.write_text(wanted)
        except BlockingIOError:  # the kernel changes one group in 100 ms, those of root excepted
            if not left:
                raise
            time.sleep(_GROUP_WAIT_S)
        else:
            return
