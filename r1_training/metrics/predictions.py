"""Prediction files: ours, and those that other models' evaluation scripts write.

Ours is JSON (a list) or JSONL, one object a sample; per scene for dense captions and detection:

    {"id": "val-scene0011-0", "answer": "brown"}
    {"id": "scene0011_00|3|0", "boxes": [[cx, cy, cz, w, h, l]], "object_id": 3}
    {"id": "scene0011_00", "boxes": [...], "labels": ["chair", ...], "scores": [0.9, ...],
     "captions": ["a brown chair .", ...]}

`answers` (best first) may stand for `answer`. Boxes are centre and size in metres, in the scene's
frame. Thoughts never count, and of `<answer>...</answer>` only what is inside
(`prediction_entries.said`).

Also read, and told apart by their keys:

- `{id: text}` and `{id: [text, ...]}` (LL3DA's `*_pred_val.json`; its keys are `id-question`),
  `{id: entry}`, `{id: [box, ...]}`, `{id: box}`,
- ScanQA: `[{"question_id", "answer_top10"}]`; OpenEQA: `[{"question_id", "answer"}]`,
- LLaVA-3D: `{"question_id", "text", "answer_id", "model_id"}`, one a line,
- Video-3D-LLM: `{"sample_id", "pred_response"}`, one a line,
- LEO: `[{"scene_id", "instruction": "USER: question ASSISTANT:", "response_pred"}]`,
- ScanRefer: `[{"scene_id", "object_id", "ann_id", "bbox": 8 corners}]`,
- Scan2Cap: `{scene_id: [{"caption", "box": 8 corners, "obj_prob": [no, yes]}]}`.

An entry without what its data set is scored by is an error that lists its keys.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from r1_training.datasets.annotation_sample import Sample
from r1_training.datasets.errors import RowError
from r1_training.datasets.json_stream import (
    first_characters,
    iterate_array,
    iterate_lines,
    iterate_members,
    one_a_line,
)
from r1_training.metrics.errors import (
    GroundTruthError,
    MissingPredictionsError,
    PredictionError,
)
from r1_training.metrics.prediction_entries import (
    ID_KEYS,
    LEO_KEYS,
    Prediction,
    json_type,
    parse_prediction,
    scan2cap_entry,
    shown,
)

OnMissing = Literal["fatal", "empty"]
# Data sets whose answers are a model's, so that one question may have several.
SAMPLED = frozenset({"scene30k"})


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


def read_predictions(path: Path, needs: Sequence[str] = ()) -> dict[str, Prediction]:
    """All predictions of a file, by id.

    Args:
        path: JSON or JSONL.
        needs: what every entry must have one of, see `parse_prediction`.

    Raises:
        PredictionError: an entry is broken or an id comes twice; names file and line.
        FileFormatError: the file is not JSON.
    """
    predictions: dict[str, Prediction] = {}
    for line, entry in _entries(path):
        try:
            if isinstance(entry, RowError):
                raise entry
            prediction = parse_prediction(entry, needs)
            earlier = predictions.get(prediction.id)
            # LEO's dumps name no id: the same question again, with the same answer, is no second.
            again = _is_leo(entry) and earlier is not None
            if earlier is not None and not (again and earlier.answers == prediction.answers):
                raise RowError(f"{prediction.id!r:.80} comes twice")
        except RowError as error:
            raise PredictionError(f"{path}:{line}: {error}") from error
        predictions[prediction.id] = prediction
    return predictions


def told_apart(samples: Iterable[Sample]) -> Iterator[Sample]:
    """The samples as they come; an id may come again only where the same is asked and answered.

    Scene-30K's teachers may answer one question more than once, each in its own words.

    Raises:
        GroundTruthError: two samples of one id ask different things: predictions, which name the
            id alone, would answer the wrong one. Or they are answered differently.
    """
    asked: dict[str, tuple[Any, ...]] = {}
    truths: dict[str, tuple[Any, ...]] = {}
    for sample in samples:
        what = (sample.scene_id, sample.situation, sample.question, sample.turns)
        if asked.setdefault(sample.id, what) != what:
            raise GroundTruthError(
                f"the id {sample.id!r} is of two samples: {asked[sample.id][2]!r:.60} in "
                f"{asked[sample.id][0]} and {sample.question!r:.60} in {sample.scene_id}"
            )
        truth = (sample.answers, sample.object_ids)
        if sample.dataset not in SAMPLED and truths.setdefault(sample.id, truth) != truth:
            raise GroundTruthError(
                f"the id {sample.id!r} comes twice, with other answers: "
                f"{truths[sample.id]!r:.80} and {truth!r:.80}"
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
            aligned.append(Prediction(sample.id, missing=True))
        else:
            used.add(key)
            aligned.append(predictions[key])
    if missing and on_missing == "fatal":
        raise MissingPredictionsError(
            f"{len(missing)} of {len(kept)} samples have no prediction, first: "
            f"{', '.join(missing[:3])}{unknown_ids(predictions.keys() - used)}; --missing empty "
            "counts them as empty answers"
        )
    return Aligned(kept, aligned, len(missing), len(predictions.keys() - used))


def unknown_ids(ids: Collection[str]) -> str:
    """For a message about missing predictions: ids of the file that belong to nothing."""
    if not ids:
        return ""
    return f" (of no sample are {len(ids)} ids of the file, as {min(ids)!r:.60})"


def _is_leo(entry: Any) -> bool:
    return isinstance(entry, Mapping) and entry.keys() >= LEO_KEYS


def _entries(path: Path) -> Iterator[tuple[int, Any]]:
    start = first_characters(path).lstrip()
    if one_a_line(path, start) or (start.startswith("{") and _lone_entry(start)):
        yield from iterate_lines(path)
    elif not start.startswith("{"):
        yield from iterate_array(path)
    else:
        for line, key, value in iterate_members(path):
            yield line, _member(key, value)


def _lone_entry(text: str) -> bool:
    """Whether a file of one line is one entry: else it may be `{id: text}`."""
    if "\n" in text.strip():
        return False
    try:
        return any(name in json.loads(text) for name in ID_KEYS)
    except (ValueError, RecursionError):
        return False


def _member(key: str, value: Any) -> Any:
    if key in ID_KEYS:
        return RowError(f"`{key}` is the key of an entry: one entry alone must stand in a list")
    if isinstance(value, str):
        return {"id": key, "answer": value}
    if isinstance(value, Mapping):
        named = next((name for name in ID_KEYS if name in value), None)
        if named is not None and str(value[named]) != key:
            return RowError(f"{shown(key)} holds another `{named}`: {shown(value[named])}")
        return {**value, "id": key}
    if not isinstance(value, list):
        return RowError(f"{shown(key)} must be a text, an object or a list, got {json_type(value)}")
    if not value:  # no answer, or a scene without captions
        return {"id": key, "answers": [], "boxes": [], "captions": []}
    if all(isinstance(item, str) for item in value):
        return {"id": key, "answers": value}
    if all(isinstance(item, list) for item in value):
        return {"id": key, "boxes": value}
    if len(value) == 6 and all(isinstance(item, int | float) for item in value):
        return {"id": key, "boxes": [value]}
    try:
        return scan2cap_entry(key, value)
    except RowError as error:
        return error


def _keys(sample: Sample) -> tuple[str, ...]:
    prompt = sample.details.get("prompt", sample.question)
    keys = (sample.id, f"{sample.id}-{sample.question}", f"{sample.scene_id}-{prompt}")
    # Video-3D-LLM asks ScanQA's validation questions under this name.
    return (*keys, f"scanqa_{sample.id}_0") if sample.dataset == "scanqa" else keys
