"""Scores of a replay: each of them by hand."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from r1_training.metrics.replay import plan_agreement, score_answers


def thing(label: str, x: float = 0.0, **more: object) -> dict:
    return {"label": label, "center": [x, 0, 0], "size": [1, 1, 1], **more}


def row(task: str, **fields: object) -> dict:
    expected = {"answers": [], "objects": [], "steps": []} | fields.pop("expected", {})
    empty = {"answer": "", "objects": [], "steps": [], "view_shares": None}
    return empty | {"task": task, "expected": expected} | fields


def step(action: str, *objects: dict) -> dict:
    return {"action": action, "arguments": [o["label"] for o in objects], "objects": list(objects)}


def test_questions() -> None:
    rows = [
        row("qa", answer="red", expected={"answers": ["red"]}),
        row("qa", answer="There are four chairs.", expected={"answers": ["4", "four"]}),
        row("qa", answer="", expected={"answers": ["red"]}),
        row("qa", answer="nobody knows"),
    ]
    scores = score_answers(rows)
    assert scores["EM@1"] == pytest.approx(100 / 3)
    assert scores["EM-R"] == pytest.approx(200 / 3)
    assert scores["QA questions"] == 3


def test_grounding_takes_the_best_box() -> None:
    wanted = {"objects": [thing("mug")]}
    rows = [
        row("grounding", objects=[thing("mug", 5.0), thing("cup", 0.0)], expected=wanted),
        row("grounding", objects=[thing("mug", 0.5)], expected=wanted),  # IoU 1/3
        row("grounding", expected=wanted),
    ]
    scores = score_answers(rows)
    assert scores["Acc@0.25"] == pytest.approx(200 / 3)
    assert scores["Acc@0.5"] == pytest.approx(100 / 3)
    assert scores["mean IoU"] == pytest.approx(100 * (1 + 1 / 3) / 3)


def test_descriptions_must_name_and_meet() -> None:
    wanted = {"objects": [thing("table"), thing("mug", 5.0)]}
    said = [thing("dining table"), thing("lamp", 5.0)]
    assert score_answers([row("dense_caption", objects=said, expected=wanted)]) == {
        "objects found": 50.0
    }


def test_plans() -> None:
    mug, table = thing("mug"), thing("table", 5.0)
    wanted = [
        {"action": "pick", "objects": [mug]},
        {"action": "place", "objects": [mug, table]},
    ]
    whole = [step("pick", mug), step("place", mug, table)]
    cases = [
        (whole, 1.0),
        ([step("navigate_to", mug), *whole], 2 / 3),
        (whole[::-1], 0.5),
        ([step("pick", table)], 0.0),
        ([{"action": "pick", "arguments": ["white mug"], "objects": []}], 0.5),
        ([], 0.0),
    ]
    for said, agreement in cases:
        one = row("planning", steps=said, expected={"steps": wanted})
        assert plan_agreement(one) == pytest.approx(agreement)
        assert score_answers([one])["plan steps"] == pytest.approx(100 * agreement)


def test_views() -> None:
    shares = [
        {"shown": 1.0, "views": 0.5, "chance": 0.2},
        {"shown": 0.5, "views": 0.5, "chance": 0.4},
    ]
    scores = score_answers([row("qa", view_shares=share) for share in shares] + [row("qa")])
    assert (scores["views shown"], scores["views of them"]) == (75.0, 50.0)
    assert scores["views chance"] == pytest.approx(30.0)


@pytest.mark.parametrize(("least", "status"), [(50, 0), (101, 1)])
def test_the_command_ends_with_what_was_expected(tmp_path: Path, least: float, status: int) -> None:
    run = {
        "bag": "b", "model": "m", "digest": "d", "expectations": [],
        "expected_scores": {"EM-R": least},
        "answers": [row("qa", answer="red", expected={"answers": ["red"]})],
    }  # fmt: skip
    (tmp_path / "replay.json").write_text(json.dumps(run))
    command = [
        sys.executable,
        "-m",
        "r1_training.cli",
        "score-replay",
        str(tmp_path / "replay.json"),
    ]
    result = subprocess.run(
        [*command, "--out", str(tmp_path / "report.json")], capture_output=True, text=True
    )
    assert result.returncode == status, result.stderr
    assert f"{'ok  ' if not status else 'FAIL'} EM-R >= {least}" in result.stdout
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["scores"]["EM@1"] == 100.0
    (tmp_path / "replay.json").write_text("{")
    assert subprocess.run(command, capture_output=True).returncode == 2
