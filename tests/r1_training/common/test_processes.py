"""What a process knows of those beside it."""

from __future__ import annotations

import os
import subprocess
import sys

from r1_training.common.processes import Processes


def test_without_torchrun_there_is_one(monkeypatch):
    for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK"):
        monkeypatch.delenv(name, raising=False)
    alone = Processes.from_environment()
    assert alone == Processes(0, 1, 0) and alone.first
    assert alone.share([1, 2, 3]) == [1, 2, 3]
    assert alone.gather("x") == ["x"]
    alone.wait()
    alone.close()


def test_torchrun_says_who_is_who_and_all_is_shared(monkeypatch):
    shares = []
    for rank in range(3):
        for name, value in (("RANK", rank), ("WORLD_SIZE", 3), ("LOCAL_RANK", rank % 2)):
            monkeypatch.setenv(name, str(value))
        own = Processes.from_environment()
        assert own == Processes(rank, 3, rank % 2) and own.first == (rank == 0)
        shares += own.share(range(10))
    assert sorted(shares) == list(range(10))


def test_what_two_processes_found_comes_together_in_the_first(tmp_path):
    script = tmp_path / "both.py"
    script.write_text(
        "import os\n"
        "from r1_training.common.processes import Processes\n"
        "group = Processes.from_environment()\n"
        "found = group.gather({'rank': group.rank, 'share': group.share([1, 2, 3])})\n"
        "os.write(1, f'{group.rank} {found}\\n'.encode())\n"  # whole lines, not in parts
        "group.wait()\n"
        "group.close()\n"
    )
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    done = subprocess.run(
        [*command, "--nproc_per_node", "2", str(script)],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    both = "[{'rank': 0, 'share': [1, 3]}, {'rank': 1, 'share': [2]}]"
    assert sorted(done.stdout.splitlines()) == [f"0 {both}", "1 []"]
