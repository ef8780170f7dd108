"""Visual grounding: ScanRefer (unique, multiple) and Nr3D (easy, hard, view-dependent).

Acc@k is the share of descriptions whose box overlaps the object's box by an IoU of at least k.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from r1_training.datasets.annotation_sample import Sample
from r1_training.datasets.scannet.class_labels import LabelTable
from r1_training.metrics.measures.boxes import pairwise_iou
from r1_training.metrics.prediction_entries import Prediction
from r1_training.metrics.protocols.scanqa import percent

THRESHOLDS = (0.25, 0.5)
# The official ScanRefer script's; it decides exact ties.
EPSILON = 1e-8
SceneBoxes = Mapping[str, Mapping[int, np.ndarray]]


def scanrefer_scores(
    samples: Sequence[Sample],
    predictions: Sequence[Prediction],
    boxes: SceneBoxes,
    labels: LabelTable | None = None,
) -> dict[str, dict[str, float]]:
    """Acc@0.25 and Acc@0.5 in percent for `overall`, and with `labels` for `unique`, `multiple`.

    Args:
        samples: the whole split: whether an object is unique depends on the others in the file.
        predictions: one for each sample; the first box counts.
        boxes: (6,) box by scene and object id. An object without a box counts as not found, as
            in the official script.
        labels: ScanNet's label table, which makes classes of object names.
    """
    ious = first_box_ious(samples, predictions, boxes)
    groups = {"overall": np.ones(len(ious), bool)}
    if labels is not None:
        unique = np.array(unique_objects(samples, labels), bool)
        groups |= {"unique": unique, "multiple": ~unique}
    return {name: accuracies(ious[chosen]) for name, chosen in groups.items()}


def nr3d_scores(
    samples: Sequence[Sample], predictions: Sequence[Prediction], boxes: SceneBoxes
) -> dict[str, dict[str, float]]:
    """Acc@0.25, Acc@0.5 and, where predictions name objects, the official identification accuracy.

    Groups: `overall`, and for samples of the official CSV `easy`, `hard`, `view-dependent`,
    `view-independent`. Arguments as in `scanrefer_scores`.
    """
    ious = first_box_ious(samples, predictions, boxes)
    identified = None
    if any(prediction.object_ids for prediction in predictions):
        pairs = zip(samples, predictions, strict=True)
        identified = np.array([p.object_ids[:1] == s.object_ids for s, p in pairs], bool)
    groups = {"overall": np.ones(len(ious), bool)}
    if all("easy" in sample.details for sample in samples):
        easy = np.array([sample.details["easy"] for sample in samples], bool)
        view = np.array([sample.details["view_dependent"] for sample in samples], bool)
        groups |= {"easy": easy, "hard": ~easy, "view-dependent": view, "view-independent": ~view}
    scores = {}
    for name, chosen in groups.items():
        scores[name] = accuracies(ious[chosen])
        if identified is not None:
            scores[name]["accuracy"] = percent(identified[chosen].tolist())
    return scores


def first_box_ious(
    samples: Sequence[Sample], predictions: Sequence[Prediction], boxes: SceneBoxes
) -> np.ndarray:
    """(N,) IoU of each prediction's first box with its object's; 0 where either is missing."""
    ious = np.zeros(len(samples))
    for index, (sample, prediction) in enumerate(zip(samples, predictions, strict=True)):
        target = boxes.get(sample.scene_id, {}).get(sample.object_ids[0])
        if target is not None and len(prediction.boxes):
            ious[index] = pairwise_iou(prediction.boxes[:1], target[None], EPSILON)[0, 0]
    return ious


def mentioning_target(samples: Sequence[Sample]) -> tuple[list[Sample], set[str]]:
    """Samples of Nr3D that ReferIt3D scores, and the ids of those that it leaves out.

    Its code trains and tests on utterances that mention the target's class, which the CSV flags
    (`--mentions-target-class-only`, True by default); published numbers are of these.
    """
    silent = {s.id for s in samples if s.details.get("mentions_target_class") is False}
    return [sample for sample in samples if sample.id not in silent], silent


def unique_objects(samples: Sequence[Sample], labels: LabelTable) -> list[bool]:
    """Whether each sample's object is the only described one of its class in its scene."""
    objects = {
        (sample.scene_id, sample.object_ids[0]): labels.class_of(sample.object_names[0])
        for sample in reversed(samples)
    }
    count = Counter((scene, name) for (scene, _), name in objects.items())
    return [count[s.scene_id, labels.class_of(s.object_names[0])] == 1 for s in samples]


def accuracies(ious: np.ndarray) -> dict[str, float]:
    """Acc@k in percent for each threshold."""
    return {f"Acc@{k}": percent((ious >= k).tolist()) for k in THRESHOLDS}
