"""Benchmarks run without arguments, and say when a target is missed."""

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(("target", "status"), [(1, 0), (10**12, 1)])
def test_the_loader_says_whether_it_is_fast_enough(tmp_path, monkeypatch, target, status):
    loader = importlib.import_module("benchmarks.scanqa_loader")
    run = {"rows": 10, "seconds": 0.001, "traced": 1.0, "rss": 1.0}
    monkeypatch.setattr(loader, "in_new_process", lambda *_: run)
    monkeypatch.setattr(loader, "ROWS", 10)
    monkeypatch.setattr(loader, "TARGET", target)
    out = tmp_path / "figures.json"
    monkeypatch.setattr(sys, "argv", ["scanqa_loader.py", "--out", str(out), "--repeats", "1"])
    assert loader.main() == status
    assert json.loads(out.read_text())["reached"] is (status == 0)


@pytest.mark.parametrize(("seconds", "status"), [(100, 0), (601, 1)])
def test_making_items_has_its_ten_minutes(tmp_path, monkeypatch, seconds, status):
    bench = importlib.import_module("benchmarks.synthetic_scene30k")
    out = tmp_path / "out"

    def synthesize(*_, **__):
        out.mkdir()
        (out / "statistics.json").write_text(json.dumps({"items": 30_000, "scenes": 5}))

    times = iter([0.0, float(seconds)])
    monkeypatch.setattr(bench.subprocess, "run", synthesize)
    monkeypatch.setattr(bench.time, "monotonic", lambda: next(times))
    monkeypatch.setattr(sys, "argv", ["synthetic_scene30k.py", "--out", str(out)])
    assert bench.main() == status
    assert json.loads((out / "benchmark.json").read_text())["met"] is (status == 0)


def test_make_bench_runs_all_and_fails_at_the_end(tmp_path):
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\necho "ran $@"\ncase "$1" in *engine_faults.py) exit 1;; esac\n')
    python.chmod(0o755)
    command = ["make", "-o", "env", "bench", f"BIN={tmp_path}", "RECORDING=a folder"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=os.environ)
    assert done.returncode != 0
    for path in (ROOT / "benchmarks").glob("*.py"):
        folder = " a folder" if path.name == "recording_zero_shot.py" else ""
        assert f"ran benchmarks/{path.name}{folder}\n" in done.stdout
    assert "failed or missed a target: benchmarks/engine_faults.py" in done.stdout
