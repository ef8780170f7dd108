"""Benchmarks run without arguments, and say when a target is missed."""

import importlib
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from r1_model.text.answer import LANGUAGES
from r1_training.synthetic.rooms.room import make_room
from tests.r1_model.objects.rooms import box, scene
from tests.r1_training.evaluation.asked import sample

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


@pytest.mark.parametrize(
    ("rooms", "mean", "error"),
    [
        ({1: [0, 0], 2: [0]}, 0.0, 0.0),
        ({1: [1, 1], 2: [1]}, 1.0, 0.0),
        ({1: [1], 2: [-1]}, 0.0, 2**0.5 / 2),  # as of two independent questions
        ({1: [1, 1], 2: [-1, -1]}, 0.0, 2**0.5 / 2),  # of one room: no more than two
    ],
)
def test_differences_between_languages_know_that_a_rooms_questions_belong_together(
    rooms, mean, error
):
    difference = importlib.import_module("benchmarks.languages").difference
    assert difference(rooms) == pytest.approx((mean, error))


def test_languages_are_compared_on_questions_about_the_same_objects():
    alike = importlib.import_module("benchmarks.languages").alike
    room = make_room(3, "test")
    place = SimpleNamespace(room=room, visible=[thing.id for thing in room.objects])
    groups = [alike(place, number) for number in range(40)]
    assert [] in groups  # languages' forms may lead to different questions: those are left out
    kept = [group for group in groups if group]
    assert len(kept) > 10
    for group in kept:
        assert tuple(sample.language for sample in group) == LANGUAGES
        assert len({(one.task, one.kind, frozenset(one.objects)) for one in group}) == 1


def test_questions_for_the_settings_of_a_small_model():
    crutches = importlib.import_module("benchmarks.crutches")
    find = sample("grounding", question="Find the white mug.")
    assert crutches.named(find).question == "the white mug"
    assert crutches.named(sample("qa", question="Find the white mug.")) is None
    assert crutches.typed(find).question == "find the white mug"
    assert crutches.typed(sample(question="what is it")) is None
    others = crutches.new_topics([find, sample(), sample(turns=(("a", "b"),))], seed=0)
    assert [one.question for one in others] == [find.question, sample().question]
    assert all(one.turns[0][0] != one.question for one in others)


def test_the_same_code_gives_the_same_answers(tmp_path, capsys):
    fixed = importlib.import_module("benchmarks.fixed_questions")
    rows = [{"scene": "1", "task": "qa", "question": "Why?", "raw": text} for text in "ab"]
    for name, said in (("one.json", rows), ("two.json", [rows[0], rows[1] | {"raw": "c"}])):
        (tmp_path / name).write_text(json.dumps(said))
    assert fixed.compare(tmp_path / "one.json", tmp_path / "one.json") == 0
    assert fixed.compare(tmp_path / "one.json", tmp_path / "two.json") == 1
    assert " - b\n + c" in capsys.readouterr().out


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


def test_steps_of_the_full_size_model_are_the_runs_own(tmp_path, monkeypatch, capsys):
    """At r1-tiny's size: the script runs, adapters go on and off, and a cap leaves no trace."""
    pytest.importorskip("torchao")
    bench = importlib.import_module("benchmarks.full_size_training")
    sizes = bench.Sizes(600, 1, 56, 56, 3, 3, 2, 1, 1, 4, 3)  # four random answers differ
    monkeypatch.setattr(bench, "SMALL", sizes)
    changes = bench.CAPS["80 GB"][1] | bench.CAPS["24 GB, 4 bits"][1]
    monkeypatch.setattr(bench, "CAPS", {"24 GB": (23.3, changes)})
    monkeypatch.setattr(bench, "CAPPED_STEPS", 1)
    out = tmp_path / "full_size_training.json"
    monkeypatch.setattr(sys, "argv", ["full_size_training.py", "--small", "--json", str(out)])
    assert bench.main() == 0
    report = json.loads(out.read_text())
    assert report["sft"]["steps"] == 2 and report["sft"]["tokens"] > 50
    assert report["grpo"]["group"] == 4 and report["grpo"]["reward_std"] > 0
    assert report["grpo"]["grad_norm"] > 0
    assert report["grpo"]["mismatch_mean"] < 1e-3  # sampling and scoring are of one policy
    assert all(part["fits"] for part in report["caps"].values()) and len(report["caps"]) == 2
    assert not any(part["checkpointing"] for part in report["caps"].values())
    assert "conversations_per_s is" in capsys.readouterr().out


def test_full_size_is_skipped_without_a_gpu(monkeypatch, capsys):
    bench = importlib.import_module("benchmarks.full_size_training")
    monkeypatch.setattr(bench.torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(sys, "argv", ["full_size_training.py"])
    assert bench.main() == 0 and "needs a GPU" in capsys.readouterr().out


def test_what_is_moved_in_a_room_is_moved_as_a_whole():
    moved_room = importlib.import_module("benchmarks.moved_rooms").moved_room
    before = make_room(31, "test")
    after, moved = moved_room(before, [thing.id for thing in before.objects], 0.2, seed=1)
    assert moved
    for old, new in zip(before.objects, after.objects, strict=True):
        way = new.center - old.center
        assert (np.linalg.norm(way) >= 0.6) == (old.id in moved)
        own = before.primitives.instance == old.id
        old_parts, new_parts = (r.primitives.unit_from_map[own] for r in (before, after))
        corner = np.append(old.center + 0.1, 1.0)
        there = np.append(old.center + 0.1 + way, 1.0)
        assert np.allclose(old_parts @ corner, new_parts @ there, atol=1e-3)
        if old.parent in moved:
            assert old.id in moved  # what stands on it goes along


def test_each_thing_of_a_room_has_one_box_and_each_box_one_thing():
    owners = importlib.import_module("benchmarks.objects").owners
    room = make_room(31, "test")
    things = room.objects[:3]
    boxes = [SimpleNamespace(center=t.center + 0.01, size=t.size) for t in things[::-1]]
    boxes.append(SimpleNamespace(center=things[0].center, size=things[0].size))
    found = owners(room, [t.id for t in things], boxes)
    assert found == {things[0].id: 3, things[1].id: 1, things[2].id: 0}
    assert owners(room, [], boxes) == {} == owners(room, [things[0].id], [])


def test_a_recording_that_is_mapped_twice_is_judged_by_what_stays(monkeypatch):
    passes = importlib.import_module("benchmarks.recording_passes")
    there = [box(1.2, 1.5, label="mug"), box(2.8, 2.4, label="lamp")]
    found = [there, [replace(there[0], center=np.array([2.9, 1.0, 0.25])), there[1]]]
    reasoner = SimpleNamespace(detect=lambda *_: found.pop(0))
    scenes = [scene(boxes, 100) for boxes in found]
    things = [{"id": b.label, "center": b.center.tolist(), "size": b.size.tolist()} for b in there]
    counts = passes.judge_passes(reasoner, scenes, things)
    assert (counts["known"], counts["seen_again"], counts["false_moves"]) == (2, 2, 1)
    assert counts["annotated_with_id_in_both"] == counts["annotated_ids_stay"] == 1
    assert counts["same_place"] == 1 and counts["false_gone"] == 0
