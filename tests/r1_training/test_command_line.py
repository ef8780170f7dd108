"""The command line as a whole: its help must not wait for what only its commands need."""

from __future__ import annotations

import subprocess
import sys

SLOW_TO_IMPORT = ("torch", "transformers", "trl", "scipy", "matplotlib", "google.generativeai")
PROGRAM = f"""
import sys
from r1_training.cli import app
try:
    app(sys.argv[1:])
except SystemExit as ended:
    assert ended.code == 0, ended.code
print("slow:", sorted(set(sys.modules) & set({SLOW_TO_IMPORT})))
"""


def test_help_imports_nothing_slow() -> None:
    command = [sys.executable, "-c", PROGRAM, "synthesize", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "--budget" in done.stdout
    assert done.stdout.endswith("slow: []\n")
