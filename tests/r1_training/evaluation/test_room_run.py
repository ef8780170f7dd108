"""An evaluation in pieces: after a kill, and by two processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from r1_model.asking import reading
from r1_model.reasoner import Reasoner
from r1_training.common.processes import Processes
from r1_training.common.resumable_lines import ResumeError
from r1_training.evaluation import room_evaluator
from r1_training.evaluation.report import Settings
from r1_training.evaluation.room_run import RoomRun, SavedPieces, run_rooms

long_run = pytest.mark.skipif(not os.environ.get("R1_LONG"), reason="long run: set R1_LONG=1")
SETTINGS = Settings("model", rooms=3, questions=2, seeds=2, split="test", blind=False)


@pytest.fixture(scope="module")
def reasoner(room_model) -> Reasoner:
    return Reasoner.from_pretrained(str(room_model), device="cpu")


@pytest.fixture(autouse=True)
def brief(monkeypatch):
    """A random model never ends by itself; two rooms are a piece."""
    monkeypatch.setattr(reading, "MAX_NEW_TOKENS", {})
    monkeypatch.setattr(reading, "DEFAULT_NEW_TOKENS", 8)
    monkeypatch.setattr(room_evaluator, "CHUNK", 2)
    monkeypatch.setattr(room_evaluator, "POINTS", 10_000)
    monkeypatch.setattr(room_evaluator, "VIEWS", 6)


def run(reasoner, saved=None, group=None, **options) -> RoomRun | None:
    return run_rooms(
        reasoner,
        SETTINGS,
        who="model",
        group=group or Processes(),
        saved=saved,
        detector=reasoner,
        **options,
    )


def told(found: RoomRun | None) -> list[object]:
    assert found is not None
    answers = [
        (one.room.seed, one.sample.question, one.answer.raw, one.verdict, one.held_out)
        for asked in found.asked
        for one in asked
    ]
    boxes = [
        (room.name, [(*box.center, *box.size, box.label, box.score) for box in room.found])
        for rooms in found.detected
        for room in rooms
    ]
    return [answers, boxes]


def test_after_a_kill_only_the_rest_is_asked(reasoner, tmp_path, monkeypatch):
    output = tmp_path / "figures.json"

    def killed(done: int, total: int) -> None:
        assert total == 4
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        saved = SavedPieces(output, SETTINGS, "w", Processes())
        try:
            run(reasoner, saved, on_progress=killed)
        finally:
            saved.close(remove=False)
    [part] = tmp_path.iterdir()
    part.write_bytes(part.read_bytes() + b'{"who": "mod')  # cut off by the kill

    asked: list[int] = []
    original = Reasoner.ask_many

    def spy(self, questions, **options):
        asked.append(len(questions))
        return original(self, questions, **options)

    monkeypatch.setattr(Reasoner, "ask_many", spy)
    saved = SavedPieces(output, SETTINGS, "w", Processes())
    found = run(reasoner, saved)
    saved.close(remove=True)
    assert asked == [2]  # the fourth piece: one room
    assert not list(tmp_path.iterdir())
    assert told(found) == told(run(reasoner))


def test_other_weights_do_not_go_on(tmp_path):
    SavedPieces(tmp_path / "a.json", SETTINGS, "these", Processes()).close(remove=False)
    with pytest.raises(ResumeError, match="other weights"):
        SavedPieces(tmp_path / "a.json", SETTINGS, "others", Processes())


def test_pieces_are_shared_and_none_is_left_out(reasoner, monkeypatch):
    """Without a network: what each of two processes hands over."""
    shares: list[dict] = []
    monkeypatch.setattr(Processes, "gather", lambda self, value: shares.append(value) or [])
    second = run(reasoner, group=Processes(rank=1, count=2))
    assert second is None
    monkeypatch.setattr(Processes, "gather", lambda self, value: [value, *shares])
    assert told(run(reasoner, group=Processes(rank=0, count=2))) == told(run(reasoner))
    assert len(shares[0]) == 2


@pytest.mark.slow
@long_run
def test_two_processes_write_what_one_writes(room_model: Path, tmp_path: Path):
    command = ["-m", "r1_training.cli", "evaluate-rooms", str(room_model)]
    command += ["--rooms", "17", "--questions", "1", "--seeds", "1", "--device", "cpu", "--output"]
    starter = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    for name, before in (("one.json", []), ("two.json", starter)):
        done = subprocess.run(
            [sys.executable, *before, *command, str(tmp_path / name)],
            env=environment,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-2_000:]
        assert done.stdout.count("17 questions in") == 1
    one, two = (json.loads((tmp_path / name).read_text()) for name in ("one.json", "two.json"))
    assert one == two and one["task"]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["one.json", "two.json"]
