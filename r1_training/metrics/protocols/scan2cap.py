"""Scan2Cap's m@kIoU: text metrics of dense captions, gated by the box.

As Scan2Cap, Vote2Cap-DETR and LL3DA compute it: every described object gets the caption of the
predicted box that overlaps it most; where no box overlaps by more than k, the caption is empty.
Texts are `sos words eos`, words as ScanRefer's `token` lists them, at most 30; write predicted
captions the same way (`caption_words` does).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np

from r1_training.datasets.annotation_sample import Sample
from r1_training.metrics.errors import GroundTruthError, PredictionError
from r1_training.metrics.measures.boxes import pairwise_iou
from r1_training.metrics.measures.text_scores import text_scores
from r1_training.metrics.prediction_entries import Prediction
from r1_training.metrics.protocols.visual_grounding import THRESHOLDS, SceneBoxes

MAX_WORDS = 30
_PUNCTUATION = re.compile(r"\s*([.,!?;:])(?=\s|$)")
_REPORTED = ("CIDEr", "BLEU-4", "METEOR", "ROUGE-L")


def scan2cap_scores(
    samples: Sequence[Sample],
    predictions: Mapping[str, Prediction],
    boxes: SceneBoxes,
    *,
    meteor: bool = True,
) -> dict[str, dict[str, float]]:
    """CIDEr, BLEU-4, METEOR and ROUGE-L in percent, by group `@0.25IoU` and `@0.5IoU`.

    Args:
        samples: captions (`object_caption`) of the split, with `details["token"]`.
        predictions: by scene: boxes with one caption each, overlapping boxes already removed.
        boxes: (6,) box by scene and object id, all objects of the scenes: a predicted box
            belongs to the object that it overlaps most, described or not.
        meteor: METEOR needs Java; False leaves it out.

    Raises:
        GroundTruthError: a sample has no words.
        PredictionError: boxes without a caption. Others as in `text_scores`.
    """
    references = caption_references(samples)
    scores = {}
    for threshold in THRESHOLDS:
        found: dict[str, str] = {}
        for scene_id in sorted({sample.scene_id for sample in samples}):
            if scene_id in predictions:
                scene = boxes.get(scene_id, {})
                for number, caption in match_captions(predictions[scene_id], scene, threshold):
                    found[f"{scene_id}|{number}"] = caption
        candidates = {
            key: f"sos {found[key]} eos".replace("  ", " ") if key in found else "sos eos"
            for key in references
        }
        text = text_scores(references, candidates, protocol="plain", meteor=meteor)
        group = {name: text[name] for name in _REPORTED if name in text}
        group["found"] = 100 * sum(key in found for key in references) / len(references)
        scores[f"@{threshold}IoU"] = group
    return scores


def caption_references(samples: Sequence[Sample]) -> dict[str, list[str]]:
    """`sos words eos` of every description, by `scene|object id`, sorted as the field does."""
    references: dict[str, list[str]] = {}
    for sample in samples:
        words = sample.details.get("token")
        if not words:
            raise GroundTruthError(f"{sample.id} has no `token`")
        key = f"{sample.scene_id}|{sample.object_ids[0]}"
        references.setdefault(key, []).append(" ".join(["sos", *words[:MAX_WORDS], "eos"]))
    return dict(sorted(references.items()))


def match_captions(
    prediction: Prediction, boxes: Mapping[int, np.ndarray], threshold: float
) -> list[tuple[int, str]]:
    """Object id and caption for each object that a box overlaps by more than `threshold`.

    Raises:
        PredictionError: boxes without a caption.
    """
    if len(prediction.captions) != len(prediction.boxes):
        raise PredictionError(
            f"{prediction.id}: {len(prediction.boxes)} boxes, but {len(prediction.captions)} "
            "`captions`: dense captions need one for every box"
        )
    if not boxes or not len(prediction.boxes):
        return []
    numbers = list(boxes)
    ious = pairwise_iou(prediction.boxes, np.array([boxes[number] for number in numbers]))
    best: dict[int, tuple[float, str]] = {}
    for row, caption in zip(ious, prediction.captions, strict=True):
        column = int(row.argmax())
        iou, number = float(row[column]), numbers[column]
        if iou > threshold and iou > best.get(number, (0.0, ""))[0]:
            best[number] = (iou, caption)
    return [(number, caption) for number, (_, caption) in best.items()]


def caption_words(text: str) -> str:
    """A sentence as the field's captions are written: lower case, punctuation set apart."""
    return " ".join(_PUNCTUATION.sub(r" \1 ", text.lower()).split())
