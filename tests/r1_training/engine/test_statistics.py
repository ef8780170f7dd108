from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from PIL import Image

from r1_training.engine.errors import InputFileError
from r1_training.engine.statistics import read_statistics
from r1_training.engine.statistics_plot import plot_statistics
from tests.r1_training.engine.engine_fixtures import GOOD


def write(path: Path, rows: list[dict]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_counts_and_lengths(tmp_path: Path) -> None:
    rows = [
        {"scene_id": f"s{n % 2}", "question": "a b", "cot": GOOD, "task": "qa",
         "question_type": "count" if n else "color"}
        for n in range(3)
    ]  # fmt: skip
    released = {"scene_id": "s9", "question": "a b c d", "cot": GOOD}
    statistics = read_statistics(write(tmp_path / "x.jsonl", [*rows, released]))
    summary = statistics.as_json()
    assert summary["items"] == 4
    assert summary["scenes"] == 3
    assert summary["tasks"] == {"qa": 3, "": 1}
    assert summary["question_types"] == {"qa": {"count": 2, "color": 1}, "": {"": 1}}
    assert summary["words"]["question"] == {"mean": 2.5, "median": 2}
    assert summary["words"]["answer"] == {"mean": 4.0, "median": 4}
    plot_statistics(statistics, tmp_path / "s.png")
    with Image.open(tmp_path / "s.png") as image:
        assert image.width > 800


def test_many_question_types_are_all_accounted_for(tmp_path: Path) -> None:
    """The picture shows sixty; the rest is counted in a title. Types count by task."""
    rows = [
        {"scene_id": "s", "question": "q", "cot": GOOD, "task": task, "question_type": f"t{n}"}
        for task in ("qa", "grounding")
        for n in range(35)
    ]
    statistics = read_statistics(write(tmp_path / "x.jsonl", rows))
    types = statistics.as_json()["question_types"]
    assert {task: len(names) for task, names in types.items()} == {"qa": 35, "grounding": 35}
    plot_statistics(statistics, tmp_path / "s.svg")
    assert "10 rarer types: 10 items" in svg_text(tmp_path / "s.svg")


def svg_text(path: Path) -> str:
    return " ".join(re.findall(r"<!-- (.*?) -->", path.read_text()))


def test_no_items(tmp_path: Path) -> None:
    statistics = read_statistics(write(tmp_path / "x.jsonl", []))
    assert statistics.as_json()["words"]["think"] == {"mean": 0.0, "median": 0}
    plot_statistics(statistics, tmp_path / "s.png")
    assert (tmp_path / "s.png").is_file()


@pytest.mark.parametrize("line", ["{", "[]", '{"scene_id": "s"}', '{"scene_id": "s", "cot": "x"}'])
def test_bad_lines_are_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "x.jsonl"
    good = {"scene_id": "s", "question": "q", "cot": GOOD}
    path.write_text(f"{json.dumps(good)}\n{line}\n")
    with pytest.raises(InputFileError, match="x.jsonl:2"):
        read_statistics(path)
    with pytest.raises(InputFileError):
        read_statistics(tmp_path / "nowhere")
