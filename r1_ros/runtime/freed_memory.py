"""Memory that was freed goes back to the system: glibc keeps it, in a heap for every few threads.

A node frees hundreds of megabytes with every map, in whichever thread had them. Without this a
process grew to twice what it uses.
"""

from __future__ import annotations

import ctypes
import platform

GIVE_BACK_S = 10.0  # how often
_HEAPS = 2
_M_ARENA_MAX = -8  # malloc.h


def share_heaps() -> None:
    """Let all threads share few heaps; before they start. Does nothing with another libc."""
    if _is_glibc():
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _HEAPS)


def give_back_freed() -> None:
    """Return what was freed to the system. Does nothing with another libc."""
    if _is_glibc():
        ctypes.CDLL(None).malloc_trim(0)


def _is_glibc() -> bool:
    return platform.libc_ver()[0] == "glibc"
