"""`r1 evaluate` on prediction files of ours and of others."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from r1_training.cli import app
from r1_training.datasets.annotation_sample import Sample
from r1_training.datasets.errors import FileFormatError
from r1_training.datasets.scannet.class_labels import read_labels
from r1_training.datasets.scannet.prepared import prepared_arrays
from r1_training.datasets.scannet.scans import read_scan
from r1_training.metrics.errors import (
    EvaluationInputError,
    GroundTruthError,
    MissingPredictionsError,
    PredictionError,
)
from r1_training.metrics.evaluate import evaluate
from r1_training.metrics.inputs import DATASETS, EvaluationInputs
from r1_training.metrics.predictions import align, read_predictions
from tests.r1_training import annotation_fixture as fixture
from tests.r1_training.scannet_fixture import write_labels, write_scan

SCENE = "scene0011_00"


@pytest.fixture
def scannet(tmp_path):
    """A prepared folder with one validation scan: chairs 0 and 2."""
    labels = write_labels(tmp_path / "labels.tsv")
    scan = read_scan(write_scan(tmp_path / "raw", SCENE), read_labels(labels))
    folder = tmp_path / "prepared"
    folder.mkdir()
    for name, array in prepared_arrays(scan).items():
        np.save(folder / f"{SCENE}_{name}.npy", array)
    return folder


@pytest.fixture
def boxes(scannet):
    from r1_training.datasets.scannet.prepared import read_prepared_boxes

    return {n: box.tolist() for n, box in read_prepared_boxes(scannet, SCENE).items()}


def scanqa(folder, count=3):
    rows = [fixture.scanqa_row(SCENE, n) | {"question": f"Which {n}?"} for n in range(count)]
    return fixture.write_json(folder / "scanqa.json", rows)


def run(tmp_path, predictions, dataset, **options):
    path = fixture.write_json(tmp_path / "model.json", predictions)
    return evaluate(EvaluationInputs(dataset, path, **options))


QUESTIONS = [f"train-scene0011-{n}" for n in range(3)]
SPELLINGS = {
    "ours": [{"id": q, "answer": a} for q, a in zip(QUESTIONS, ("brown", "red", ""), strict=True)],
    "ours with tags": [
        {"id": q, "answer": f"<think>red?</think><answer>\n{a} </answer>"}
        for q, a in zip(QUESTIONS, ("brown", "red", ""), strict=True)
    ],
    "by id": dict(zip(QUESTIONS, ("brown", "red", ""), strict=True)),
    "LL3DA": {
        f"{q}-Which {n}?": [a]
        for n, (q, a) in enumerate(zip(QUESTIONS, ("brown", "red", ""), strict=True))
    },
    "ScanQA": [
        {"scene_id": SCENE, "question_id": q, "answer_top10": [a, "brown"], "bbox": []}
        for q, a in zip(QUESTIONS, ("brown", "red", ""), strict=True)
    ],
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_answers_of_any_model_are_scored(tmp_path, spelling):
    report = run(
        tmp_path,
        SPELLINGS[spelling],
        "scanqa",
        annotations=scanqa(tmp_path),
        protocol="plain",
        meteor=False,
    )
    assert report.samples == 3 and report.missing == 0 and report.unused == 0
    assert report.scores["overall"]["EM@1"] == pytest.approx(100 / 3)
    if spelling == "ScanQA":
        assert report.scores["overall"]["EM@10"] == 100


def test_missing_and_unused_predictions_are_counted(tmp_path):
    predictions = [{"id": QUESTIONS[0], "answer": "brown"}, {"id": "other", "answer": "x"}]
    options = {"annotations": scanqa(tmp_path), "protocol": "plain", "meteor": False}
    with pytest.raises(MissingPredictionsError, match="2 of 3 samples have no prediction, first"):
        run(tmp_path, predictions, "scanqa", **options)
    report = run(tmp_path, predictions, "scanqa", on_missing="empty", **options)
    assert (report.missing, report.unused) == (2, 1)
    assert report.scores["overall"]["EM@1"] == pytest.approx(100 / 3)


def test_threedllm_files_of_ll3da(tmp_path):
    row = fixture.threedllm_row("scene0624_00")
    path = fixture.write_json(tmp_path / "d.json", [row])
    predictions = {f"scene0624_00-{row['question']}": ["Yes, one."]}
    report = run(tmp_path, predictions, "3dllm-dialogue", annotations=path, meteor=False)
    assert report.scores["overall"]["BLEU-1"] == pytest.approx(100, abs=1e-4)
    assert report.notes == {"protocol": "plain", "METEOR": "left out"}


def test_sqa3d_files(tmp_path):
    questions, annotations = fixture.write_sqa3d(tmp_path, ["scene0050_00"] * 2)
    predictions = [{"id": 220602000000 + n, "answer": "Chair."} for n in range(2)]
    report = run(
        *(tmp_path, predictions, "sqa3d"),
        annotations=annotations,
        questions=questions,
        split="test",
        meteor=False,
    )
    assert report.scores["what"]["EM"] == 100


def corners(box):
    low, high = np.array(box[:3]) - np.array(box[3:]) / 2, np.array(box[:3]) + np.array(box[3:]) / 2
    return [
        [x, y, z] for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])
    ]


def test_scanrefer_files_of_ours_and_the_benchmark(tmp_path, scannet, boxes):
    rows = [fixture.scanrefer_row(SCENE, n, "chair", ann) for n in (0, 2) for ann in (0, 1)]
    options = {
        "annotations": fixture.write_json(tmp_path / "s.json", rows),
        "scannet": scannet,
        "labels": tmp_path / "labels.tsv",
    }
    ours = [{"id": f"{SCENE}|{n}|{ann}", "boxes": [boxes[0]]} for n in (0, 2) for ann in (0, 1)]
    theirs = [
        {"scene_id": SCENE, "object_id": str(n), "ann_id": str(ann), "bbox": corners(boxes[0])}
        for n in (0, 2)
        for ann in (0, 1)
    ]
    for predictions in (ours, theirs):
        report = run(tmp_path, predictions, "scanrefer", **options)
        assert report.scores["overall"] == {"Acc@0.25": 50.0, "Acc@0.5": 50.0}
        assert report.scores["multiple"]["Acc@0.5"] == 50  # two chairs in the scene
        assert np.isnan(report.scores["unique"]["Acc@0.5"])
    # A group without samples is null: NaN is not JSON.
    report.write(tmp_path / "report.json")
    assert json.loads((tmp_path / "report.json").read_text())["scores"]["unique"]["Acc@0.5"] is None


def test_multi3drefer_and_nr3d(tmp_path, scannet, boxes):
    row = fixture.multi3drefer_row(SCENE, [0, 2], "mt")
    path = fixture.write_json(tmp_path / "m.json", [row])
    predictions = [{"id": f"{SCENE}|0", "boxes": [boxes[0]]}]
    report = run(tmp_path, predictions, "multi3drefer", annotations=path, scannet=scannet)
    assert report.scores["overall"]["F1@0.5"] == pytest.approx(200 / 3)

    csv = fixture.write_nr3d(tmp_path / "nr3d.csv", [fixture.nr3d_row(SCENE, target=2)])
    predictions = [{"id": f"{SCENE}|2|18714", "object_id": 2}]
    report = run(tmp_path, predictions, "nr3d", annotations=csv, scannet=scannet)
    assert report.scores["view-dependent"]["accuracy"] == 100
    assert report.scores["hard"]["Acc@0.25"] == 0


def test_nr3d_leaves_out_what_referit3d_leaves_out(tmp_path, scannet):
    rows = [
        fixture.nr3d_row(SCENE, target=2),
        fixture.nr3d_row(SCENE, target=2, assignmentid="7", mentions_target_class="False"),
        fixture.nr3d_row(SCENE, target=2, assignmentid="8", correct_guess="False"),
    ]
    csv = fixture.write_nr3d(tmp_path / "nr3d.csv", rows)
    # Predictions of rows that are left out are neither needed nor taken for strangers.
    predictions = [{"id": f"{SCENE}|2|{n}", "object_id": 2} for n in ("18714", "7", "8")]
    for given in (predictions, [predictions[0], predictions[2]]):
        report = run(tmp_path, given, "nr3d", annotations=csv, scannet=scannet)
        assert (report.samples, report.unused, report.missing) == (2, 0, 0)
        assert report.notes["left out as in ReferIt3D, the class is not mentioned"] == "1"


def test_captions_of_scan2cap_files(tmp_path, scannet, boxes):
    path = fixture.write_json(tmp_path / "s.json", [fixture.scanrefer_row(SCENE, 2)])
    objects = [{"caption": "a brown chair .", "box": corners(boxes[2]), "obj_prob": [0.1, 0.9]}]
    options = {"annotations": path, "scannet": scannet, "meteor": False}
    report = run(tmp_path, {SCENE: objects}, "scan2cap", **options)
    assert report.scores["@0.5IoU"]["found"] == 100
    assert report.scores["@0.5IoU"]["BLEU-4"] == pytest.approx(100, abs=1e-4)
    # The benchmark's files have the marks already.
    marked = [objects[0] | {"caption": "sos a brown chair . eos"}]
    again = run(tmp_path, {SCENE: marked}, "scan2cap", **options)
    assert again.scores == report.scores
    with pytest.raises(MissingPredictionsError, match="1 of 1 scenes"):
        run(tmp_path, {}, "scan2cap", **options)


def test_detection(tmp_path, scannet, boxes):
    entry = {
        "id": SCENE,
        "boxes": [boxes[0], boxes[0], boxes[2], boxes[2]],
        "labels": ["chair"] * 3 + ["table"],
        "scores": [0.9, 0.8, 0.7, 0.01],
    }
    report = run(tmp_path, [entry], "detection", scannet=scannet)
    assert report.scores["chair"]["recall@0.5"] == 100 and report.samples == 1
    assert report.scores["chair"]["AP@0.5"] == pytest.approx(100 * (0.5 + 0.5 * 2 / 3))
    report = run(tmp_path, [entry], "detection", scannet=scannet, nms=0.25, min_score=0.05)
    assert report.scores["overall"]["mAP@0.5"] == 100


def test_labels_that_are_no_class_are_said(tmp_path, scannet, boxes):
    entry = {"id": SCENE, "boxes": [boxes[0], boxes[2]], "labels": ["chair", "couch"]}
    report = run(tmp_path, [entry], "detection", scannet=scannet)
    assert report.notes["boxes of unknown labels (never right)"] == "1, 'couch' (1)"
    assert report.scores["chair"]["recall@0.5"] == 50
    with pytest.raises(
        PredictionError, match=r"no label is one of ScanNet's classes: 'Chair' \(2\)"
    ):
        run(tmp_path, [entry | {"labels": ["Chair"] * 2}], "detection", scannet=scannet)


def test_predictions_without_a_box_are_counted(tmp_path, scannet, boxes):
    rows = [fixture.scanrefer_row(SCENE, n, "chair") for n in (0, 2)]
    options = {"annotations": fixture.write_json(tmp_path / "s.json", rows), "scannet": scannet}
    predictions = [{"id": f"{SCENE}|{n}|0", "boxes": [boxes[0]] * (n == 0)} for n in (0, 2)]
    report = run(tmp_path, predictions, "scanrefer", **options)
    assert report.scores["overall"]["Acc@0.5"] == 50
    assert report.notes["predictions without a box"] == "1"


def test_nothing_is_not_said_by_a_missing_prediction(tmp_path, scannet, boxes):
    row = fixture.multi3drefer_row(SCENE, [], "zt_w_d")
    options = {"annotations": fixture.write_json(tmp_path / "m.json", [row]), "scannet": scannet}
    said = run(tmp_path, [{"id": f"{SCENE}|0", "boxes": []}], "multi3drefer", **options)
    assert said.scores["overall"]["F1@0.5"] == 100
    missing = run(tmp_path, [], "multi3drefer", on_missing="empty", **options)
    assert missing.scores["overall"]["F1@0.5"] == 0


def test_an_id_with_other_answers_is_an_error(tmp_path):
    rows = [fixture.scanqa_row(SCENE), fixture.scanqa_row(SCENE) | {"answers": ["red"]}]
    path = fixture.write_json(tmp_path / "scanqa.json", rows)
    with pytest.raises(GroundTruthError, match="comes twice, with other answers"):
        run(tmp_path, [], "scanqa", annotations=path, on_missing="empty")


def test_cap3d(tmp_path):
    np.savez(tmp_path / "clip.npz", images=np.eye(3), texts=np.eye(3))
    report = evaluate(EvaluationInputs("cap3d", tmp_path / "clip.npz"))
    assert report.scores["overall"]["R@1"] == 100 and report.scores["overall"]["CLIP"] == 250


BAD_ENTRIES = [
    ({"answer": "x"}, "`id` must be text"),
    ({"id": "a", "answer": 5}, "`answer` must be text"),
    ({"id": "a", "answers": ["x", 1]}, "`answers` must be a list of texts"),
    ({"id": "a", "boxes": [[1, 2, 3]]}, "six numbers"),
    ({"id": "a", "boxes": [[0, 0, 0, 1, 1, -1]]}, "sizes not negative"),
    ({"id": "a", "boxes": [[0, 0, 0, 1, 1, "x"]]}, "must hold numbers"),
    ({"id": "a", "boxes": [[0, 0, 0, 1, 1, 1]], "scores": []}, "1 boxes, but 0 `scores`"),
    ({"id": "a", "object_id": "3"}, "`object_id` must be an integer"),
    ({"scene_id": "s", "object_id": 1, "ann_id": 0, "bbox": [[0, 0, 0]]}, "8 corners"),
    (["a"], "an entry must be an object"),
]


@pytest.mark.parametrize(("entry", "message"), BAD_ENTRIES)
def test_broken_predictions_name_file_and_line(tmp_path, entry, message):
    path = fixture.write_jsonl(tmp_path / "p.jsonl", [{"id": "ok", "answer": "x"}, entry])
    with pytest.raises(PredictionError) as error:
        read_predictions(path)
    assert f"{path}:2: " in str(error.value) and message in str(error.value)


def test_predictions_come_once(tmp_path):
    path = fixture.write_jsonl(tmp_path / "p.jsonl", [{"id": "a", "answer": "x"}] * 2)
    with pytest.raises(PredictionError, match="'a' comes twice"):
        read_predictions(path)
    path = fixture.write_json(tmp_path / "p.json", {"a": 5})
    with pytest.raises(PredictionError, match="must be a text, an object or a list"):
        read_predictions(path)
    with pytest.raises(FileFormatError, match="cannot be opened"):
        read_predictions(tmp_path / "none.json")


def test_alignment_keeps_the_order_of_samples():
    samples = [Sample("scanqa", "val", SCENE, name, "qa", "?", ("x",)) for name in "ab"]
    aligned = align(samples, {}, on_missing="empty")
    assert [p.id for p in aligned.predictions] == ["a", "b"] and aligned.missing == 2


@pytest.mark.parametrize("dataset", [name for name in DATASETS if name != "cap3d"])
def test_missing_inputs_are_named(tmp_path, dataset):
    with pytest.raises(EvaluationInputError, match="needs --"):
        EvaluationInputs(dataset, tmp_path / "p.json")


def test_the_command_prints_a_table_and_writes_json(tmp_path):
    path = fixture.write_json(tmp_path / "my-model.json", SPELLINGS["ours"])
    out = tmp_path / "reports" / "scanqa.json"
    arguments = ["evaluate", str(path), "--dataset", "scanqa", "--annotations"]
    arguments += [str(scanqa(tmp_path)), "--protocol", "plain", "--no-meteor", "--out", str(out)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert "my-model on scanqa val" in result.output and "33.33" in result.output
    report = json.loads(out.read_text())
    assert report["checkpoint"] == "my-model" and report["samples"] == 3
    assert report["scores"]["overall"]["EM@1"] == pytest.approx(100 / 3)
    result = CliRunner().invoke(app, arguments[:3] + ["dragons", *arguments[4:]])
    assert result.exit_code == 2 and "dataset must be one of" in result.output


def test_ids_that_belong_to_nothing_are_shown(tmp_path):
    with pytest.raises(MissingPredictionsError, match=r"\(of no sample are 1 ids .*, as '0'\)"):
        run(tmp_path, [{"id": 0, "answer": "x"}], "scanqa", annotations=scanqa(tmp_path))


def test_boxes_in_another_unit_are_said(tmp_path, scannet, boxes):
    annotations = fixture.write_json(tmp_path / "s.json", [fixture.scanrefer_row(SCENE, 0)])
    options = {"annotations": annotations, "scannet": scannet}
    for factor, said in ((1, False), (1000, True)):
        box = (np.array(boxes[0]) * factor).tolist()
        entry = {"id": f"{SCENE}|0|0", "boxes": [box]}
        report = run(tmp_path, [entry], "scanrefer", **options)
        assert ("no box overlaps its object" in report.notes) is said


def test_scores_below_zero_keep_their_boxes(tmp_path, scannet, boxes):
    entry = {"id": SCENE, "boxes": [boxes[0]], "labels": ["chair"], "scores": [-2.0]}
    assert run(tmp_path, [entry], "detection", scannet=scannet).scores["chair"]["AP@0.25"] == 50
    with pytest.raises(EvaluationInputError, match="--min-score"):
        run(tmp_path, [entry], "scanrefer", annotations=tmp_path, scannet=scannet, min_score=0.0)


def test_samples_without_an_answer_are_named(tmp_path):
    rows = [fixture.scanqa_row(SCENE, n) for n in range(2)]
    rows[1]["answers"] = []
    path = fixture.write_json(tmp_path / "a.json", rows)
    with pytest.raises(GroundTruthError, match=r"a\.json: 1 samples .*train-scene0011-1"):
        run(tmp_path, {}, "scanqa", annotations=path)


def test_flags_of_nr3d_as_spreadsheets_write_them(tmp_path, scannet, boxes):
    path = tmp_path / "nr3d.CSV"
    prediction = [{"id": f"{SCENE}|0|18714", "boxes": [boxes[0]]}]
    options = {"annotations": path, "scannet": scannet}
    for flag, error in (("TRUE", None), ("yes", "`mentions_target_class` must"), ("FALSE", "none")):
        fixture.write_nr3d(path, [fixture.nr3d_row(SCENE, 0, (2,), mentions_target_class=flag)])
        if error is None:
            assert run(tmp_path, prediction, "nr3d", **options).samples == 1
            continue
        with pytest.raises(ValueError, match=error.replace("none", "no utterance of val")):
            run(tmp_path, prediction, "nr3d", **options)
