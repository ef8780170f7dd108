"""Memory that was freed goes back to the system: glibc keeps it, in a heap for every few threads.

A node frees hundreds of megabytes with every map, in whichever thread had them. Without this a
process grew to twice what it uses.
"""

from __future__ import annotations

import ctypes
import platform

GIVE_BACK_S = 10.0  # how often
_HEAPS = 2
_LARGE_BYTES = 2**20
_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8  # malloc.h


def share_heaps() -> None:
    """Let all threads share few heaps; before they start. Does nothing with another libc."""
    if _is_glibc():
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _HEAPS)


def own_pages_for_large() -> None:
    """Let blocks of a megabyte and more have pages of their own, which go back when they are freed.

    glibc has them in the heaps, between small blocks that stay, once one as large was freed. Not
    for who has new ones in every millisecond, as torch does: pages cost time. Does nothing with
    another libc.
    """
    if _is_glibc():
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)


def give_back_freed() -> None:
    """Return what was freed to the system. Does nothing with another libc."""
    if _is_glibc():
        ctypes.CDLL(None).malloc_trim(0)


def _is_glibc() -> bool:
    return platform.libc_ver()[0] == "glibc"
