from __future__ import annotations

import subprocess
import sys


def test_a_kill_ends_a_run_as_an_error_would():
    """So that the processes of a pool end, too."""
    body = """
import os, signal, time
from r1_training.common.termination import end_with_parts
end_with_parts()
try:
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(20)
finally:
    print("cleaned up")
"""
    done = subprocess.run([sys.executable, "-c", body], capture_output=True, text=True, timeout=60)
    assert done.returncode == 143 and done.stdout == "cleaned up\n"
