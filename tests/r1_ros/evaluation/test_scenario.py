"""Scenario files: read whole, and every wrong entry named."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

pytest.importorskip("rclpy")

from r1_ros.evaluation.scenario import ScenarioError, read_scenario

pytestmark = pytest.mark.ros
OBJECTS = {"objects": [{"id": "mug_0", "label": "mug", "center": [1, 2, 3], "size": [1, 1, 1]}]}
QUESTIONS = [
    {"task": "qa", "question": "How many mugs?", "answers": ["1"]},
    {"task": "grounding", "question": "the mug", "objects": ["mug_0"], "at": 2.5, "id": "early"},
    {"task": "planning", "question": "Get it.", "steps": [["pick", "mug_0"]], "at": 1},
]
FAULT = {"at": 12, "seconds": 3, "input": "depth", "kind": "drop"}


def write(folder: Path, questions=QUESTIONS, objects=OBJECTS, scenario: str = "") -> Path:
    (folder / "questions.json").write_text(json.dumps(questions))
    (folder / "objects.json").write_text(json.dumps(objects))
    (folder / "scenario.yaml").write_text("questions: questions.json\n" + scenario)
    return folder / "scenario.yaml"


def test_everything_is_read(tmp_path: Path) -> None:
    expect = {"no_errors": True, "dropped": 0, "scores": {"EM-R": 50}}
    text = f"faults: [{json.dumps(FAULT)}]\nexpect: {json.dumps(expect)}"
    found = read_scenario(None, None, write(tmp_path, scenario=text))
    assert [item.id for item in found.questions] == ["q002", "early", "q000"]
    assert [item.at for item in found.questions] == [1.0, 2.5, math.inf]
    assert found.questions[1].objects == ("mug_0",)
    assert found.questions[0].steps == (("pick", "mug_0"),)
    assert found.objects["mug_0"].center.tolist() == [1, 2, 3]
    (fault,) = found.faults
    assert (fault.at, fault.kind, fault.expect) == (12, "drop", "WARN")
    assert found.expect["scores"] == {"EM-R": 50}


def test_questions_alone_expect_good_weather(tmp_path: Path) -> None:
    write(tmp_path)
    found = read_scenario(tmp_path / "questions.json", None, None)
    assert dict(found.expect) == {"no_errors": True} and not found.faults
    assert "mug_0" in found.objects  # objects.json beside it


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"questions": []}, "expected a list of questions"),
        ({"questions": [{"task": "qa"}]}, "entry 0: question must be"),
        ({"questions": [{"task": "sing", "question": "?"}]}, "task must be one of"),
        ({"questions": [QUESTIONS[0] | {"at": -1}]}, "at must be seconds from 0 on, got -1"),
        ({"questions": [QUESTIONS[0] | {"at": "1"}]}, "got '1'"),
        ({"questions": [QUESTIONS[0] | {"objects": ["cup"]}]}, "no object 'cup'"),
        ({"questions": [QUESTIONS[0] | {"steps": [["pick", "cup"]]}]}, "no object 'cup'"),
        ({"questions": [QUESTIONS[0] | {"id": "a"}] * 2}, "id 'a' is there twice"),
        ({"objects": {"objects": [{"id": "m", "center": [1], "size": [1]}]}}, "three numbers"),
        ({"objects": []}, "expected"),
        ({"scenario": "weather: good"}, "no such entry: weather"),
        ({"scenario": "expect: {magic: 1}"}, "no expectation 'magic'"),
        ({"scenario": "expect: {dropped: many}"}, "expect.dropped is 'many'"),
        ({"scenario": "faults: [1]"}, "a fault is a mapping"),
        ({"scenario": "faults: [{at: 1}]"}, "a fault needs"),
        ({"scenario": "faults: [{at: 1, seconds: 1, input: lidar, kind: drop}]"}, "no input"),
        ({"scenario": "faults: [{at: 1, seconds: 1, input: color, kind: x}]"}, "kind must be one"),
        ({"scenario": "faults: [{at: -1, seconds: 1, input: color, kind: drop}]"}, "got -1"),
        ({"scenario": "faults: ["}, "not YAML"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(tmp_path: Path, change: dict, message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        read_scenario(None, None, write(tmp_path, **change))


def test_missing_files_are_named(tmp_path: Path) -> None:
    for arguments in (
        (tmp_path / "nowhere.json", None, None),
        (None, None, tmp_path / "nowhere.yaml"),
    ):
        with pytest.raises(ScenarioError, match=r"missing: .*nowhere"):
            read_scenario(*arguments)
    with pytest.raises(ScenarioError, match="no questions"):
        read_scenario(None, None, None)
