from __future__ import annotations

import json
from dataclasses import replace

import pytest

from r1_training.evaluation import report
from r1_training.evaluation.report import Score, Settings, as_json, by_group, scores, table
from tests.r1_training.evaluation.asked import asked

SETTINGS = Settings("r1-tiny", rooms=2, questions=3, seeds=2, split="test", blind=False)
RUNS = [
    [
        asked({"correct": True, "iou": 0.5}, task="grounding", kind="name", language="en"),
        asked({"correct": False, "iou": 0.1}, task="grounding", kind="name", language="zh-Hant"),
        asked({"correct": True}, held_out=True),
    ],
    [asked({"correct": False, "iou": 0.0}, task="grounding", kind="ordinal")],
]


def test_figures_are_means_over_seeds_with_their_spread():
    found = scores(RUNS, report.GROUPS["task"])
    assert found["grounding",]["correct"] == Score(mean=0.25, spread=0.5, count=3)
    assert found["grounding",]["iou"].mean == pytest.approx(0.15)
    assert found["qa",]["correct"] == Score(1.0, 0.0, 1)  # one seed asked it


def test_groups_split_what_belongs_apart():
    found = by_group(RUNS)
    assert set(found) == {"task", "language", "kind", "held out"}
    assert set(found["language"]) == {
        ("grounding", "en"),
        ("grounding", "zh-Hant"),
        ("qa", "en"),
    }
    assert found["kind"]["grounding", "ordinal"]["correct"].mean == 0
    assert ("qa", "held out") in found["held out"]
    assert ("qa", "seen") not in found["held out"]


def test_every_figure_has_its_baselines_beside_it():
    found = by_group(RUNS)["task"]
    blind = {("grounding",): {"correct": Score(0.125, 0.0, 3)}}
    lines = table(found, {"blind": blind, "majority": found}).splitlines()
    assert lines[0].split() == ["count", "model", "blind", "majority"]
    assert len(lines) == 1 + 3
    assert lines[1].split() == [
        "grounding",
        "correct",
        "3",
        "0.250",
        "±",
        "0.250",
        "0.125",
        "0.250",
    ]
    assert lines[2].split()[-2:] == ["-", "0.150"]  # no such figure
    assert as_json(found, {"blind": blind})["grounding"]["correct"] == {
        "mean": 0.25,
        "spread": 0.5,
        "count": 3,
        "blind": 0.125,
    }
    assert "blind" not in as_json(found, {"blind": blind})["qa"]["correct"]


def test_a_table_of_nothing_is_its_head():
    assert table({}).split() == ["count", "model"]


def test_a_blind_run_stands_beside_one_that_sees(tmp_path):
    path, found = tmp_path / "new" / "blind.json", by_group(RUNS)
    made_of = replace(SETTINGS, model="another", blind=True)
    report.write(path, made_of, found, {}, [{"mAP@0.25": 90.0}])
    assert report.read_blind(path, SETTINGS) == found
    written = json.loads(path.read_text())
    assert written["detection"] == [{"mAP@0.25": 90.0}]
    assert written["settings"]["model"] == "another"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"blind": False}, "without --blind"),
        ({"rooms": 9}, "rooms is 9, here 2"),
        ({"questions": 9}, "questions is 9, here 3"),
        ({"seeds": 1}, "seeds is 1, here 2"),
        ({"split": "val"}, "split is 'val', here 'test'"),
        ({"digest": "0123"}, "digest is '0123', here ''"),
    ],
)
def test_figures_of_other_questions_are_refused(tmp_path, changes, reason):
    path = tmp_path / "blind.json"
    made_of = replace(SETTINGS, **{"blind": True, **changes})
    report.write(path, made_of, by_group(RUNS), {}, [])
    with pytest.raises(report.ReportError, match=reason):
        report.read_blind(path, SETTINGS)


@pytest.mark.parametrize("text", [None, "", "[]", "{}", '{"settings": {"model": "x"}}', "no json"])
def test_what_is_no_report_is_named(tmp_path, text):
    path = tmp_path / "blind.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(report.ReportError, match="blind.json is no report"):
        report.read_blind(path, SETTINGS)
