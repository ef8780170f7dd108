"""tools/reproduce_part.sh: what one machine packs, another goes on from."""

from __future__ import annotations

import os
import signal
import subprocess
import tarfile
from contextlib import suppress
from pathlib import Path

import pytest

PART = Path(__file__).resolve().parents[3] / "tools" / "reproduce_part.sh"
# what `r1 reproduce` leaves for three seeds, and then what a test wants of it
RUNS = """#!/usr/bin/env bash
echo "asked: $*"
while [ "$1" != --output ]; do shift; done
for seed in 0 1 2; do
  own="$2/seed-$seed"; mkdir -p "$own/answers" "$own/sft/checkpoint-1" "$own/sft/final"
  for stage in sft all-rewards control; do
    [ -f "$own/$stage.safetensors" ] || echo "made $stage" > "$own/$stage.safetensors"
    echo '[]' > "$own/answers/$stage.json"
  done
  echo '{}' > "$own/results.json"; echo '[]' > "$own/sft/history.json"
  echo no > "$own/sft/checkpoint-1/state.json"; echo no > "$own/sft/final/config.json"
done
rm "$2/seed-2/answers/control.json"
$THEN
"""


@pytest.fixture
def part(tmp_path):
    """Runs a part on a machine (a folder) -> (exit status, what it said)."""
    command = tmp_path / "python"
    command.write_text(RUNS.replace("$THEN", 'eval "$THEN"'))
    command.chmod(0o755)
    machines = []

    def run(machine: str, then: str, minutes: str = "0.5", **more: str) -> tuple[int, str]:
        output = tmp_path / machine
        machines.append(output)
        own = {"REPRODUCE_OUTPUT": str(output), "PYTHON": str(command), "THEN": then, **more}
        done = subprocess.run(
            ["bash", str(PART), minutes, str(tmp_path / "packed"), "--seed", "0"],
            env={**os.environ, **own},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return done.returncode, done.stderr

    yield run
    for output in machines:
        with suppress(ProcessLookupError, FileNotFoundError):
            os.killpg(int((output / "part.pid").read_text()), signal.SIGKILL)


def packed(tmp_path: Path) -> set[str]:
    return {file.name for file in (tmp_path / "packed").iterdir()}


def test_what_is_packed_fits_and_holds_what_comes_next(part, tmp_path):
    assert part("here", "true")[0] == 0
    kept = {f"seed-{n}-{s}.safetensors" for n in range(3) for s in ("sft", "all-rewards")}
    # the control of seed 2 is not evaluated; the others are done with
    assert packed(tmp_path) == kept | {"seed-2-control.safetensors", "results.tar.gz"}
    assert len(packed(tmp_path)) == 8
    with tarfile.open(tmp_path / "packed" / "results.tar.gz") as archive:
        names = archive.getnames()
    assert "./part.log" in names and "./seed-1/results.json" in names
    assert "./seed-1/answers/sft.json" in names and "./seed-1/sft/history.json" in names
    assert not [name for name in names if "final" in name or "checkpoint" in name]


def test_what_has_no_room_is_the_least_wanted(part, tmp_path):
    assert part("here", "true", REPRODUCE_FILES="4")[0] == 0
    expected = {f"seed-{name}.safetensors" for name in ("2-control", "0-sft", "1-sft")}
    assert packed(tmp_path) == expected | {"results.tar.gz"}
    assert part("here", "true", REPRODUCE_KEEP="sft")[0] == 0
    assert not [name for name in packed(tmp_path) if "all-rewards" in name]


def test_another_machine_goes_on(part, tmp_path):
    part("here", "true")
    (tmp_path / "packed" / "seed-1-all-rewards.safetensors").write_text("from here")
    assert part("there", "true")[0] == 0
    there = tmp_path / "there"
    assert (there / "seed-1" / "all-rewards.safetensors").read_text() == "from here"
    assert "asked" in (there / "part.log").read_text()
    # what is here is newer than what was packed
    (tmp_path / "packed" / "seed-1-all-rewards.safetensors").write_text("old")
    part("there", "true")
    assert (there / "seed-1" / "all-rewards.safetensors").read_text() == "from here"


def test_stages_run_on_behind_a_part(part, tmp_path):
    then = f"until [ -f {tmp_path}/go ]; do sleep 0.1; done"
    assert part("here", then, minutes="0.05")[0] == 75
    assert "results.tar.gz" in packed(tmp_path)
    (tmp_path / "go").touch()
    assert part("here", then)[0] == 0
    log = (tmp_path / "here" / "part.log").read_text()
    assert log.count("asked: -m r1_training.cli reproduce") == 1 and "--seed 0" in log


def test_a_failure_is_shown_and_packed_and_the_next_part_tries_again(part, tmp_path):
    status, said = part("here", "echo out of memory; exit 3")
    assert status == 3 and "out of memory" in said and len(packed(tmp_path)) == 8
    assert part("here", "true")[0] == 0
    assert part("here", "kill -9 $PPID; kill -9 $$")[0] == 1
