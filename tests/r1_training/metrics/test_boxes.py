"""Box metrics against the field's own scripts (recorded) and against slow definitions."""

import json
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1_training.datasets.annotation_sample import Sample
from r1_training.datasets.scannet.class_labels import LabelTable
from r1_training.metrics.errors import GroundTruthError, PredictionError
from r1_training.metrics.measures.boxes import boxes_from_corners, pairwise_iou, suppress_overlaps
from r1_training.metrics.prediction_entries import Prediction
from r1_training.metrics.protocols.cap3d import cap3d_scores, read_embeddings
from r1_training.metrics.protocols.detection import SceneObjects, detection_scores
from r1_training.metrics.protocols.multi3drefer import _official_iou, f1_scores, multi3drefer_scores
from r1_training.metrics.protocols.scan2cap import caption_words, match_captions, scan2cap_scores
from r1_training.metrics.protocols.visual_grounding import nr3d_scores, scanrefer_scores
from tests.r1_training.metrics.test_text import needs_java

REFERENCE = json.loads((Path(__file__).parent / "reference" / "boxes.json").read_text())
INPUTS, EXPECTED = REFERENCE["inputs"], REFERENCE["expected"]
BOXES = {
    scene: {int(number): np.array(box, float) for number, box in objects.items()}
    for scene, objects in INPUTS["scenes"].items()
}
CLASSES = {
    scene: {int(number): name for number, name in objects.items()}
    for scene, objects in INPUTS["classes"].items()
}
LABELS = LabelTable({}, {"chair": "chair", "table": "table", "sofa": "sofa"})


def predicted(boxes, **rest):
    return Prediction("x", boxes=np.array(boxes, float).reshape(-1, 6), **rest)


def grounding_samples():
    return [
        Sample(
            *("scanrefer", "val", row["scene_id"], f"{n}", "grounding", "the one"),
            object_ids=(row["object_id"],),
            object_names=(row["object_name"],),
            details={"easy": row["n"] <= 2, "view_dependent": "left" in row["tokens"]},
        )
        for n, row in enumerate(INPUTS["grounding"])
    ]


def test_scanrefer_equals_its_reference():
    predictions = [predicted([row["box"]]) for row in INPUTS["grounding"]]
    scores = scanrefer_scores(grounding_samples(), predictions, BOXES, LABELS)
    for group in ("overall", "unique", "multiple"):
        for k in (0.25, 0.5):
            expected = 100 * EXPECTED["scanrefer"][f"iou@{k}"][group]
            assert scores[group][f"Acc@{k}"] == pytest.approx(expected, abs=1e-6)


def test_nr3d_equals_its_reference():
    predictions = [
        predicted([row["box"]], object_ids=(row["chosen"],)) for row in INPUTS["grounding"]
    ]
    scores = nr3d_scores(grounding_samples(), predictions, BOXES)
    names = {"easy": "easy", "hard": "hard", "overall": "overall"}
    names |= {"view-dependent": "view_dep", "view-independent": "view_indep"}
    for ours, theirs in names.items():
        expected = 100 * EXPECTED["nr3d"]["acc"][theirs]
        assert scores[ours]["accuracy"] == pytest.approx(expected, abs=1e-6)


def test_grounding_counts_missing_boxes_as_misses():
    samples = grounding_samples()[:2]
    nothing = scanrefer_scores(samples, [predicted([]), predicted([])], BOXES)
    assert nothing == {"overall": {"Acc@0.25": 0.0, "Acc@0.5": 0.0}}
    right = [predicted([BOXES[s.scene_id][s.object_ids[0]]]) for s in samples]
    assert scanrefer_scores(samples, right, BOXES)["overall"]["Acc@0.5"] == 100
    assert scanrefer_scores(samples, right, {})["overall"]["Acc@0.5"] == 0


def test_multi3drefer_equals_its_reference():
    rows = INPUTS["multi3drefer"]
    samples = [
        Sample(
            *("multi3drefer", "val", row["scene_id"], str(row["ann_id"]), "grounding", "?"),
            object_ids=tuple(row["object_ids"]),
            details={"eval_type": row["eval_type"]},
        )
        for row in rows
    ]
    scores = multi3drefer_scores(samples, [predicted(row["boxes"]) for row in rows], BOXES)
    for k in (0.25, 0.5):
        for group, expected in EXPECTED["multi3drefer"][f"f1@{k}"].items():
            # The reference keeps its scores in float32: 6e-8 of a value, 6e-6 in percent.
            assert scores[group][f"F1@{k}"] / 100 == pytest.approx(expected, abs=1e-6), group
    with pytest.raises(GroundTruthError, match="no box for object"):
        multi3drefer_scores(samples, [predicted(row["boxes"]) for row in rows], {})


def test_detection_equals_votenet():
    predictions = {
        scene: predicted(
            rows["boxes"], labels=tuple(rows["labels"]), scores=np.array(rows["scores"])
        )
        for scene, rows in INPUTS["detection"].items()
    }
    scores = detection_scores(predictions, scene_objects())
    for k in (0.25, 0.5):
        expected = EXPECTED["detection"][str(k)]
        assert scores["overall"][f"mAP@{k}"] == pytest.approx(100 * expected["mAP"], abs=1e-6)
        assert scores["overall"][f"AR@{k}"] == pytest.approx(100 * expected["AR"], abs=1e-6)
        for name, value in expected["ap"].items():
            assert scores[name][f"AP@{k}"] == pytest.approx(100 * value, abs=1e-6)
            assert scores[name][f"recall@{k}"] == pytest.approx(100 * expected["recall"][name])


def test_detection_ranks_ties_in_order_and_counts_missing_scenes():
    box, elsewhere = [0, 0, 0, 1, 1, 1], [9, 9, 9, 1, 1, 1]
    scenes = {name: SceneObjects(np.array([box], float), ("chair",)) for name in ("a", "b")}

    def scores(order):
        prediction = predicted(order, labels=("chair",) * 2, scores=np.array([0.5, 0.5]))
        return detection_scores({"a": prediction}, scenes)["overall"]

    assert scores([box, elsewhere])["mAP@0.5"] == 50
    assert scores([elsewhere, box])["mAP@0.5"] == 25
    assert scores([box, box])["AR@0.5"] == 50  # the second hit of one object is none
    with pytest.raises(GroundTruthError, match="no objects"):
        detection_scores({}, {"a": SceneObjects(np.zeros((0, 6)), ())})


def test_suppression_equals_its_reference():
    for scene, rows in INPUTS["detection"].items():
        kept = suppress_overlaps(
            np.array(rows["boxes"]), np.array(rows["scores"]), np.array(rows["labels"]), 0.25
        )
        assert kept.tolist() == EXPECTED["nms"][scene]


@needs_java
def test_scan2cap_equals_its_reference():
    samples = [
        Sample(
            *("scanrefer", "val", row["scene_id"], str(n), "object_caption", "?"),
            object_ids=(int(row["object_id"]),),
            details={"token": tuple(row["token"])},
        )
        for n, row in enumerate(INPUTS["annotations"])
    ]
    predictions = {
        scene: predicted(rows["boxes"], captions=tuple(rows["captions"]))
        for scene, rows in INPUTS["captions"].items()
    }
    scores = scan2cap_scores(samples, predictions, BOXES)
    names = {"CiDEr": "CIDEr", "BLEU-4": "BLEU-4", "Rouge": "ROUGE-L", "METEOR": "METEOR"}
    for k in ("0.25", "0.5"):
        for theirs, ours in names.items():
            expected = 100 * EXPECTED["scan2cap"][k][f"{theirs}@{k}"]
            assert scores[f"@{k}IoU"][ours] == pytest.approx(expected, abs=1e-6), (k, ours)
    assert scores["@0.25IoU"]["found"] > scores["@0.5IoU"]["found"] > 0


def test_captions_go_to_the_object_that_overlaps_most():
    boxes = {4: np.array([0, 0, 0, 2, 2, 2.0]), 7: np.array([1.5, 0, 0, 2, 2, 2.0])}
    prediction = predicted(
        [[0.1, 0, 0, 2, 2, 2], [0, 0, 0, 2, 2, 2], [9, 0, 0, 1, 1, 1]], captions=("a", "b", "c")
    )
    assert match_captions(prediction, boxes, 0.5) == [(4, "b")]
    # An IoU of exactly k is not enough, as in the field's code.
    half = predicted([[0, 0, 0, 2, 2, 4]], captions=("half",))
    assert match_captions(half, boxes, 0.5) == []
    assert match_captions(half, boxes, 0.25) == [(4, "half")]


def test_caption_words():
    assert (
        caption_words("The Chair is brown, and 3.5 m high.")
        == "the chair is brown , and 3.5 m high ."
    )
    assert caption_words("already tokenized .") == "already tokenized ."


def test_cap3d_equals_its_reference():
    generator = np.random.default_rng(0)
    texts = generator.normal(size=(30, 16)).astype(np.float32)
    images = (texts[:, None] + 1.2 * generator.normal(size=(30, 8, 16))).astype(np.float32)
    scores = cap3d_scores(images, texts)
    # The reference computes its cosine in float32.
    assert scores["CLIP"] == pytest.approx(EXPECTED["cap3d"]["CLIP Score"], rel=1e-6)
    for k in (1, 5, 10):
        assert scores[f"R@{k}"] == pytest.approx(EXPECTED["cap3d"][f"CLIP R@{k}"], abs=1e-6)


def test_cap3d_ties_and_bad_input(tmp_path):
    texts = np.array([[1.0, 0], [1, 0], [0, 1]])
    assert cap3d_scores(texts, texts)["R@1"] == pytest.approx(200 / 3)  # the first of equals wins
    with pytest.raises(GroundTruthError, match="shapes"):
        cap3d_scores(np.zeros((2, 3)), texts)
    with pytest.raises(GroundTruthError, match="no length"):
        cap3d_scores(np.zeros((3, 2)), texts)
    np.savez(tmp_path / "e.npz", images=texts)
    with pytest.raises(PredictionError, match="texts"):
        read_embeddings(tmp_path / "e.npz")


GRID = st.tuples(
    *[st.integers(-3, 3)] * 3, *[st.integers(1, 4).map(lambda edge: 2 * edge)] * 3
).map(list)


@settings(max_examples=50, deadline=None)
@given(GRID, GRID)
def test_iou_counts_cells(first, second):
    def cells(box):
        ranges = [range(c - e // 2, c + e // 2) for c, e in zip(box[:3], box[3:], strict=True)]
        return {(x, y, z) for x in ranges[0] for y in ranges[1] for z in ranges[2]}

    a, b = cells(first), cells(second)
    iou = pairwise_iou(np.array([first]), np.array([second]))[0, 0]
    assert iou == pytest.approx(len(a & b) / len(a | b))


@settings(max_examples=50, deadline=None)
@given(st.lists(GRID, min_size=1, max_size=4), st.lists(GRID, min_size=1, max_size=4))
def test_f1_is_that_of_the_best_matching(boxes, targets):
    ious = _official_iou(np.array(boxes), np.array(targets))
    small, large = (ious, ious.shape[1]) if len(boxes) <= len(targets) else (ious.T, len(boxes))
    best = max(
        (sum(small[i, j] for i, j in enumerate(order)), order)
        for order in permutations(range(large), len(small))
    )
    got = f1_scores(np.array(boxes), np.array(targets))
    assert ious == pytest.approx(pairwise_iou(np.array(boxes), np.array(targets)), abs=1e-6)
    # Several matchings may have the same total; the score must be that of one of them.
    candidates = set()
    for order in permutations(range(large), len(small)):
        picked = np.array([small[i, j] for i, j in enumerate(order)])
        if picked.sum() == pytest.approx(best[0], abs=1e-6):
            candidates.add(
                tuple(2 * (picked >= k).sum() / (len(boxes) + len(targets)) for k in (0.25, 0.5))
            )
    assert got in candidates


def test_f1_without_targets_or_predictions():
    box = np.array([[0, 0, 0, 1, 1, 1.0]])
    none = np.zeros((0, 6))
    assert f1_scores(none, none) == (1, 1)
    assert f1_scores(box, none) == f1_scores(none, box) == (0, 0)


def test_flat_boxes_do_not_overlap():
    assert pairwise_iou(np.zeros((1, 6)), np.zeros((1, 6)))[0, 0] == 0


def test_boxes_from_corners_take_any_order():
    box = np.array([1.0, 2, 3, 2, 4, 6])
    corners = np.array([[x, y, z] for z in (0, 6) for x in (0, 2) for y in (4, 0)], float)
    np.testing.assert_allclose(boxes_from_corners(corners[None])[0], box)


def scene_objects():
    return {
        scene: SceneObjects(
            np.array(list(objects.values())).reshape(-1, 6),
            tuple(CLASSES[scene][number] for number in objects),
        )
        for scene, objects in BOXES.items()
    }
