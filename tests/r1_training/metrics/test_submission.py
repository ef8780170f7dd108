"""Submission files, taken apart as the benchmarks' own readers take them apart."""

from __future__ import annotations

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from r1_training.cli import app
from r1_training.metrics.evaluate import evaluate
from r1_training.metrics.inputs import EvaluationInputs
from r1_training.metrics.prediction_entries import parse_prediction
from r1_training.metrics.submission import corners
from tests.r1_training import annotation_fixture as fixture
from tests.r1_training.scannet_fixture import write_labels

SCENE = "scene0707_00"
BOX = [1.0, 2.0, 0.5, 0.6, 0.4, 1.0]


def submit(tmp_path, predictions, dataset, annotations, *more):
    path = fixture.write_jsonl(tmp_path / "p.jsonl", predictions)
    out = tmp_path / "sent" / "pred.json"
    arguments = ["submit", str(path), str(out), "--dataset", dataset]
    result = CliRunner().invoke(
        app, [*arguments, "--annotations", str(annotations), *map(str, more)]
    )
    return result, (json.loads(out.read_text()) if out.is_file() else None)


def test_corners_are_of_the_box():
    points = np.array(corners(np.array(BOX)))
    assert points.shape == (8, 3)
    assert np.allclose(points.max(0) + points.min(0), 2 * np.array(BOX[:3]))
    assert np.allclose(np.ptp(points, axis=0), BOX[3:])
    assert len(np.unique(points, axis=0)) == 8
    assert (points[:4, 2] > points[4:, 2]).all()  # VoteNet's order: the upper four first


def test_scanqa(tmp_path):
    rows = [fixture.scanqa_row(SCENE, n) | {"question": f"Which {n}?"} for n in range(2)]
    for row in rows:
        del row["answers"], row["object_ids"], row["object_names"]
    path = fixture.write_json(tmp_path / "ScanQA_v1.0_test_w_obj.json", rows)
    ids = [row["question_id"] for row in rows]
    predictions = [
        {"id": ids[0], "answer": "<think>red</think><answer>dark\nbrown</answer>"},
        {"id": ids[1], "answers": [str(n) for n in range(12)], "boxes": [BOX]},
    ]
    result, sent = submit(tmp_path, predictions, "scanqa", path)
    assert result.exit_code == 0, result.output
    # score.py: {q["question_id"]: q}, answer_top10[0] and all ten
    by_id = {entry["question_id"]: entry for entry in sent}
    assert list(by_id) == ids and all(len(e["answer_top10"]) == 10 for e in sent)
    assert by_id[ids[0]]["answer_top10"] == ["dark brown"] * 10 and by_id[ids[0]]["bbox"] == []
    assert by_id[ids[1]]["answer_top10"] == [str(n) for n in range(10)]
    assert np.array(by_id[ids[1]]["bbox"]).shape == (8, 3)
    result, _ = submit(tmp_path, predictions[:1], "scanqa", path)
    assert result.exit_code == 2 and "1 of 2 samples have no prediction" in result.output


def test_scanrefer(tmp_path):
    rows = [
        fixture.scanrefer_row(SCENE, 3, "chair", 0),
        fixture.scanrefer_row(SCENE, 3, "chair", 1),
        fixture.scanrefer_row(SCENE, 5, "office_chair", 0),
        fixture.scanrefer_row(SCENE, 7, "table", 0),
        fixture.scanrefer_row(SCENE, 8, "mug", 0),
    ]
    path = fixture.write_json(tmp_path / "ScanRefer_filtered_test.json", rows)
    keys = [f"{r['scene_id']}|{r['object_id']}|{r['ann_id']}" for r in rows]
    predictions = [{"id": key, "boxes": [BOX] * (n != 4)} for n, key in enumerate(keys)]
    labels = write_labels(tmp_path / "labels.tsv")
    result, sent = submit(tmp_path, predictions, "scanrefer", path, "--labels", labels)
    assert result.exit_code == 0, result.output
    # eval.py: gt[scene][object_id][ann_id], the ids as the file writes them
    truth = {(r["scene_id"], r["object_id"], r["ann_id"]) for r in rows}
    assert {(e["scene_id"], e["object_id"], e["ann_id"]) for e in sent} == truth
    assert all(np.array(entry["bbox"]).shape == (8, 3) for entry in sent)
    assert [entry["unique_multiple"] for entry in sent] == [1, 1, 1, 0, 0]
    assert [entry["others"] for entry in sent] == [0, 0, 0, 0, 1]
    assert not np.array(sent[4]["bbox"]).any()
    assert np.allclose(parse_prediction(sent[0]).boxes, [BOX])  # we read what we send
    result, _ = submit(tmp_path, predictions, "scanrefer", path)
    assert result.exit_code == 2 and "needs --labels" in result.output


def test_scan2cap(tmp_path):
    rows = [fixture.scanrefer_row(SCENE, 3), fixture.scanrefer_row("scene0708_00", 1)]
    path = fixture.write_json(tmp_path / "ScanRefer_filtered_test.json", rows)
    entry = {
        "id": SCENE,
        "boxes": [BOX, BOX],
        "labels": ["chair", "mug"],
        "scores": [0.9, 1.7],
        "captions": ["a brown chair .", "a  mug"],
    }
    result, _ = submit(tmp_path, [entry], "scan2cap", path)
    assert result.exit_code == 2 and "1 of 2 scenes have no prediction" in result.output
    result, sent = submit(tmp_path, [entry], "scan2cap", path, "--missing", "empty")
    assert result.exit_code == 0, result.output
    assert sorted(sent) == [SCENE, "scene0708_00"] and sent["scene0708_00"] == []
    first, second = sent[SCENE]
    assert first["caption"] == "sos a brown chair . eos" and second["caption"] == "sos a mug eos"
    assert np.array([o["box"] for o in sent[SCENE]]).shape == (2, 8, 3)
    assert np.array([o["sem_prob"] for o in sent[SCENE]]).shape == (2, 18)
    assert np.argmax(first["sem_prob"]) == 2 and np.argmax(second["sem_prob"]) == 17
    assert np.allclose(first["obj_prob"], [0.1, 0.9]) and second["obj_prob"] == [0, 1]


def test_what_is_sent_is_scored_as_what_was_predicted(tmp_path):
    rows = [fixture.scanqa_row("scene0011_00", n) | {"question": f"{n}?"} for n in range(3)]
    path = fixture.write_json(tmp_path / "val.json", rows)
    said = ("brown", "red chair", "dark brown")
    predictions = [
        {"id": row["question_id"], "answer": text} for row, text in zip(rows, said, strict=True)
    ]
    submit(tmp_path, predictions, "scanqa", path, "--split", "val")
    options = {"annotations": path, "protocol": "plain", "meteor": False}
    ours, theirs = (
        evaluate(EvaluationInputs("scanqa", file, **options)).scores["overall"]
        for file in (tmp_path / "p.jsonl", tmp_path / "sent" / "pred.json")
    )
    assert {name: theirs[name] for name in ours} == ours and theirs["EM@10"] == ours["EM@1"]


@pytest.mark.parametrize("dataset", ["sqa3d", "nr3d", "dragons"])
def test_others_have_no_server(tmp_path, dataset):
    result, _ = submit(tmp_path, [], dataset, tmp_path / "a.json")
    assert result.exit_code == 2 and "error:" in result.output
