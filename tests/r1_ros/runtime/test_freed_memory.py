"""What was freed goes back to the system, also where other threads had it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from r1_ros.runtime import freed_memory

FREED = """
import threading
import numpy as np, psutil
from r1_ros.runtime.freed_memory import give_back_freed, share_heaps
share_heaps()

def work(kept):
    rows = [np.ones(12_000) for _ in range(1_000)]  # 96 kB each: too small for pages of their own
    kept.append(rows[-1])  # the end of the heap stays in use

kept = []
for _ in range(4):
    thread = threading.Thread(target=work, args=(kept,))
    thread.start()
    thread.join()
process = psutil.Process()
before = process.memory_info().rss
give_back_freed()
print(before - process.memory_info().rss, len(kept))
"""


@pytest.mark.skipif(not freed_memory._is_glibc(), reason="another libc gives back by itself")
def test_what_threads_freed_is_given_back():
    run = subprocess.run([sys.executable, "-c", FREED], capture_output=True, text=True, check=True)
    given_back, kept = map(int, run.stdout.split())
    assert given_back > 30e6 and kept == 4


def test_another_libc_is_left_alone(monkeypatch):
    monkeypatch.setattr(freed_memory.platform, "libc_ver", lambda: ("", ""))
    monkeypatch.setattr(freed_memory.ctypes, "CDLL", lambda name: pytest.fail("it was called"))
    freed_memory.share_heaps()
    freed_memory.give_back_freed()


LARGE = """
import numpy as np, psutil
from r1_ros.runtime.freed_memory import own_pages_for_large
own_pages_for_large()
np.ones(4_000_000)  # 32 MB: from here on glibc would have what is smaller in the heap
process, large, kept = psutil.Process(), [], []
for _ in range(30):
    large.append(np.ones(250_000))  # 2 MB
    kept.append(np.ones(12_000))  # lies behind it
held = process.memory_info().rss
del large
print(held - process.memory_info().rss)
"""


@pytest.mark.skipif(not freed_memory._is_glibc(), reason="another libc gives back by itself")
def test_large_blocks_go_back_at_once_from_between_small_ones():
    run = subprocess.run([sys.executable, "-c", LARGE], capture_output=True, text=True, check=True)
    assert int(run.stdout) > 50e6
