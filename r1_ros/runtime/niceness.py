"""Which process gets the CPU where there is not enough of it for all."""

from __future__ import annotations

import os
from pathlib import Path

_MOST = 19
# On Linux each thread has a niceness of its own, and where sessions are scheduled as groups
# (autogroup) it counts only within its session, which has another one.
_THREADS = Path("/proc/self/task")
_GROUP = Path("/proc/self/autogroup")


def yield_to_others(niceness: int) -> None:
    """Add to the niceness of this process: of all its threads, and of its session if it leads one.

    Call it when the middleware runs: threads that begin later have that of who begins them.

    Args:
        niceness: 0 to 19; 0 changes nothing.
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
        _GROUP.write_text(str(min(_MOST, _group_niceness(_GROUP.read_text()) + niceness)))


def _group_niceness(text: str) -> int:
    """Of a line as `/autogroup-7 nice 0`."""
    return int(text.rsplit(" ", 1)[1])
