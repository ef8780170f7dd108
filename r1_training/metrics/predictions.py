"""Prediction files: ours, and those that other models' evaluation scripts write.

Ours is JSON (a list) or JSONL, one object a sample; per scene for dense captions and detection:

    {"id": "val-scene0011-0", "answer": "brown"}
    {"id": "scene0011_00|3|0", "boxes": [[cx, cy, cz, w, h, l]], "object_id": 3}
    {"id": "scene0011_00", "boxes": [...], "labels": ["chair", ...], "scores": [0.9, ...],
     "captions": ["a brown chair .", ...]}

`answers` (best first) may stand for `answer`. Boxes are centre and size in metres, in the scene's
frame. If an answer holds `<answer>...</answer>`, only what is inside counts.

Also read, and told apart by their keys:

- `{id: text}` and `{id: [text, ...]}` (LL3DA's `*_pred_val.json`; its keys are `id-question`),
- ScanQA: `[{"question_id", "answer_top10"}]`; OpenEQA: `[{"question_id", "answer"}]`,
- ScanRefer: `[{"scene_id", "object_id", "ann_id", "bbox": 8 corners}]`,
- Scan2Cap: `{scene_id: [{"caption", "box": 8 corners, "obj_prob": [no, yes]}]}`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from r1_training.datasets.annotation_sample import Sample
from r1_training.datasets.errors import FileFormatError, RowError
from r1_training.datasets.json_stream import iterate_array, iterate_lines, iterate_members
from r1_training.metrics.errors import (
    GroundTruthError,
    MissingPredictionsError,
    PredictionError,
)
from r1_training.metrics.measures.boxes import boxes_from_corners

OnMissing = Literal["fatal", "empty"]
_ANSWER = re.compile(r"<answer>(.*?)</answer>", re.DOTALL)


def _no_boxes() -> np.ndarray:
    return np.zeros((0, 6))


@dataclass(frozen=True)
class Prediction:
    """What a model says about one sample, or about one scene.

    Attributes:
        id: of the sample or scene.
        answers: texts, best first; may be empty.
        boxes: (K, 6) float64, centre and size in metres.
        scores: (K,) float64; 1 where the file gives none.
        labels: K class names, or none.
        captions: K texts, or none.
        object_ids: the objects chosen, where the model chooses among given ones.
    """

    id: str
    answers: tuple[str, ...] = ()
    boxes: np.ndarray = field(default_factory=_no_boxes)
    scores: np.ndarray = field(default_factory=lambda: np.zeros(0))
    labels: tuple[str, ...] = ()
    captions: tuple[str, ...] = ()
    object_ids: tuple[int, ...] = ()

    @property
    def answer(self) -> str:
        """The best answer; empty where there is none."""
        return self.answers[0] if self.answers else ""


@dataclass(frozen=True)
class Aligned:
    """Samples and their predictions, in one order.

    Attributes:
        samples: all samples.
        predictions: one for each; an empty one where there is none.
        missing: how many are such empty ones.
        unused: predictions that belong to no sample.
    """

    samples: list[Sample]
    predictions: list[Prediction]
    missing: int
    unused: int


def read_predictions(path: Path) -> dict[str, Prediction]:
    """All predictions of a file, by id.

    Raises:
        PredictionError: an entry is broken or an id comes twice; names file and line.
        FileFormatError: the file is not JSON.
    """
    predictions: dict[str, Prediction] = {}
    for line, entry in _entries(path):
        try:
            if isinstance(entry, RowError):
                raise entry
            prediction = parse_prediction(entry)
            if prediction.id in predictions:
                raise RowError(f"{prediction.id!r} comes twice")
        except RowError as error:
            raise PredictionError(f"{path}:{line}: {error}") from error
        predictions[prediction.id] = prediction
    return predictions


def told_apart(samples: Iterable[Sample]) -> Iterator[Sample]:
    """The samples as they come; an id may come again only where the same is asked.

    Raises:
        GroundTruthError: two samples of one id ask different things: predictions, which name the
            id alone, would answer the wrong one.
    """
    asked: dict[str, tuple[Any, ...]] = {}
    for sample in samples:
        what = (sample.scene_id, sample.situation, sample.question, sample.turns)
        if asked.setdefault(sample.id, what) != what:
            raise GroundTruthError(
                f"the id {sample.id!r} is of two samples: {asked[sample.id][2]!r:.60} in "
                f"{asked[sample.id][0]} and {sample.question!r:.60} in {sample.scene_id}"
            )
        yield sample


def align(
    samples: Iterable[Sample],
    predictions: Mapping[str, Prediction],
    *,
    on_missing: OnMissing = "fatal",
) -> Aligned:
    """Pairs samples with their predictions.

    Args:
        samples: of one split.
        predictions: by sample id, or by the keys that LL3DA writes.
        on_missing: `fatal`, or `empty`: a missing prediction counts as an empty one.

    Raises:
        GroundTruthError: two different samples have one id.
        MissingPredictionsError: predictions are missing and `on_missing` is `fatal`.
    """
    kept, aligned, used, missing = [], [], set(), []
    for sample in told_apart(samples):
        key = next((key for key in _keys(sample) if key in predictions), None)
        kept.append(sample)
        if key is None:
            missing.append(sample.id)
            aligned.append(Prediction(sample.id))
        else:
            used.add(key)
            aligned.append(predictions[key])
    if missing and on_missing == "fatal":
        raise MissingPredictionsError(
            f"{len(missing)} of {len(kept)} samples have no prediction, first: "
            f"{', '.join(missing[:3])}; --missing empty counts them as empty answers"
        )
    return Aligned(kept, aligned, len(missing), len(predictions.keys() - used))


def parse_prediction(entry: Any) -> Prediction:
    """One entry of a prediction file.

    Raises:
        RowError: says what is wrong.
    """
    if not isinstance(entry, Mapping):
        raise RowError(f"an entry must be an object, got {type(entry).__name__}")
    if "bbox" in entry and "ann_id" in entry:
        key = "|".join(str(entry.get(name)) for name in ("scene_id", "object_id", "ann_id"))
        return Prediction(key, boxes=_corners([entry["bbox"]]), scores=np.ones(1))
    key = entry.get("id", entry.get("question_id"))
    if not isinstance(key, str | int) or isinstance(key, bool):
        raise RowError(f"`id` must be text, got {key!r:.60}")
    boxes = _boxes(entry.get("boxes", []))
    scores = np.ones(len(boxes)) if "scores" not in entry else _scores(entry["scores"])
    labels, captions = (_texts(entry, name) for name in ("labels", "captions"))
    for name, values in (("scores", scores), ("labels", labels), ("captions", captions)):
        if name in entry and len(values) != len(boxes):
            raise RowError(f"{len(boxes)} boxes, but {len(values)} `{name}`")
    chosen = entry.get("object_id")
    if chosen is not None and type(chosen) is not int:
        raise RowError(f"`object_id` must be an integer, got {chosen!r:.60}")
    return Prediction(
        id=str(key),
        answers=_answers(entry),
        boxes=boxes,
        scores=scores,
        labels=labels,
        captions=captions,
        object_ids=() if chosen is None else (chosen,),
    )


def _entries(path: Path) -> Iterator[tuple[int, Any]]:
    if path.suffix == ".jsonl":
        yield from iterate_lines(path)
        return
    try:
        with path.open(encoding="utf-8-sig") as file:
            start = file.read(1024).lstrip()
    except (OSError, UnicodeDecodeError) as error:
        raise FileFormatError(path, f"cannot be read: {error}") from error
    if not start.startswith("{"):
        yield from iterate_array(path)
        return
    for line, key, value in iterate_members(path):
        yield line, _member(key, value)


def _member(key: str, value: Any) -> Any:
    if isinstance(value, str):
        return {"id": key, "answer": value}
    if not isinstance(value, list):
        return RowError(f"{key!r:.60} must be a text or a list, got {type(value).__name__}")
    if all(isinstance(item, str) for item in value):
        return {"id": key, "answers": value}
    try:
        corners = np.array([item["box"] for item in value], np.float64)
        return {
            "id": key,
            "boxes": _corners(corners).tolist(),
            "captions": [item["caption"] for item in value],
            "scores": [item["obj_prob"][1] if "obj_prob" in item else 1.0 for item in value],
        }
    except (KeyError, TypeError, ValueError, IndexError) as error:
        return RowError(f"{key!r:.60} must hold captions with boxes: {error!r}")


def _keys(sample: Sample) -> tuple[str, ...]:
    prompt = sample.details.get("prompt", sample.question)
    return sample.id, f"{sample.id}-{sample.question}", f"{sample.scene_id}-{prompt}"


def _answers(entry: Mapping[str, Any]) -> tuple[str, ...]:
    for name in ("answers", "answer_top10", "pred_answers_at10"):
        if name in entry:
            return tuple(_inside(text) for text in _texts(entry, name))
    if "answer" not in entry:
        return ()
    if not isinstance(entry["answer"], str):
        raise RowError(f"`answer` must be text, got {entry['answer']!r:.60}")
    return (_inside(entry["answer"]),)


def _inside(text: str) -> str:
    found = _ANSWER.search(text)
    return found[1].strip() if found else text


def _texts(entry: Mapping[str, Any], name: str) -> tuple[str, ...]:
    values = entry.get(name, [])
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise RowError(f"`{name}` must be a list of texts, got {values!r:.60}")
    return tuple(values)


def _boxes(values: Any) -> np.ndarray:
    boxes = _array(values, "boxes")
    if boxes.size and (boxes.ndim != 2 or boxes.shape[1] != 6 or (boxes[:, 3:] < 0).any()):
        raise RowError("`boxes` must hold six numbers each, sizes not negative")
    return boxes.reshape(-1, 6)


def _corners(values: Any) -> np.ndarray:
    corners = _array(values, "bbox")
    if corners.size and corners.shape[1:] != (8, 3):
        raise RowError(f"a box must have 8 corners of 3 numbers, got shape {corners.shape[1:]}")
    return boxes_from_corners(corners)


def _scores(values: Any) -> np.ndarray:
    return _array(values, "scores").reshape(-1)


def _array(values: Sequence[Any], name: str) -> np.ndarray:
    try:
        array = np.array(values, np.float64)
    except (TypeError, ValueError) as error:
        raise RowError(f"`{name}` must hold numbers: {error}") from error
    if not np.isfinite(array).all():
        raise RowError(f"`{name}` must be finite")
    return array
