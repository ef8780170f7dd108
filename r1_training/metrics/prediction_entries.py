"""One entry of a prediction file, ours or another model's: told apart, read and checked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from r1_training.datasets.errors import RowError
from r1_training.metrics.measures.boxes import boxes_from_corners

# Metres. Farther away nothing is in a room, and volumes would overflow.
MAX_COORDINATE = 1e6
# What holds an id: ours, ScanQA's and LLaVA's, Video-3D-LLM's.
ID_KEYS = ("id", "question_id", "sample_id")
# What the model said: texts with the best first, or one text. `text` is LLaVA-3D's, `pred_response`
# Video-3D-LLM's.
LIST_KEYS = ("answers", "answer_top10", "pred_answers_at10")
TEXT_KEYS = ("answer", "text", "pred_response")
KNOWN_KEYS = frozenset((*LIST_KEYS, *TEXT_KEYS))
# How others name what the model said where `answer` holds the truth.
_SAID = re.compile(r"pred|response|generat|output|hypothes", re.IGNORECASE)
_TRUTH = re.compile(r"gt|truth|target|refer|label", re.IGNORECASE)
# LLaVA's scripts write the model's words under `text` and may repeat the truth under `answer`.
LLAVA_KEYS = frozenset({"answer_id", "model_id"})
# What LEO's evaluation writes beside `response_gt`, the truth.
LEO_KEYS = frozenset({"scene_id", "instruction", "response_pred"})

_LEO_QUESTION = re.compile(r"USER:\s*(.*?)\s*ASSISTANT:\s*", re.DOTALL)
_SURROGATES = re.compile("[\ud800-\udfff]")
_ANSWER = re.compile(r"<answer>(.*?)(?:</answer>|\Z)", re.DOTALL | re.IGNORECASE)
_THOUGHT = re.compile(
    r"<\s*think(?:ing)?\s*>.*?(?:<\s*/\s*think(?:ing)?\s*>|\Z)", re.DOTALL | re.IGNORECASE
)
_MARKED = re.compile(r"\s*sos\b\s*(.*?)\s*\beos\s*", re.DOTALL)
_THOUGHT_END = re.compile(r"<\s*/\s*think(?:ing)?\s*>", re.IGNORECASE)


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
        missing: the file has nothing about this sample; `--missing empty` counts it as such.
    """

    id: str
    answers: tuple[str, ...] = ()
    boxes: np.ndarray = field(default_factory=_no_boxes)
    scores: np.ndarray = field(default_factory=lambda: np.zeros(0))
    labels: tuple[str, ...] = ()
    captions: tuple[str, ...] = ()
    object_ids: tuple[int, ...] = ()
    missing: bool = False

    @property
    def answer(self) -> str:
        """The best answer; empty where there is none."""
        return self.answers[0] if self.answers else ""


def parse_prediction(entry: Any, needs: Sequence[str] = ()) -> Prediction:
    """One entry of a prediction file.

    Args:
        entry: as JSON gives it.
        needs: of `answer`, `boxes`, `object_id`, `labels`, `captions`: at least one of these must
            be there, or the data set cannot be scored; none: anything that is known.

    Raises:
        RowError: says what is wrong.
    """
    if not isinstance(entry, Mapping):
        raise RowError(f"an entry must be an object, got {json_type(entry)}")
    if "bbox" in entry and "ann_id" in entry:
        if "boxes" not in (needs or ("boxes",)):
            _require(entry, needs)
        key = "|".join(_plain(entry, name) for name in ("scene_id", "object_id", "ann_id"))
        return Prediction(key, boxes=_corners([entry["bbox"]]), scores=np.ones(1))
    if entry.keys() >= LEO_KEYS:
        entry = _of_leo(entry)
    key = _id(entry)
    _require(entry, needs)
    boxes = _boxes(entry["boxes"]) if "boxes" in entry else _no_boxes()
    scores = np.ones(len(boxes)) if "scores" not in entry else _scores(entry["scores"])
    labels, captions = (texts(entry, name) for name in ("labels", "captions"))
    for name, values in (("scores", scores), ("labels", labels), ("captions", captions)):
        if name in entry and len(values) != len(boxes):
            raise RowError(f"{len(boxes)} boxes, but {len(values)} `{name}`")
    chosen = entry.get("object_id")
    if chosen is not None and type(chosen) is not int:
        raise RowError(f"`object_id` must be an integer, got {shown(chosen)}")
    return Prediction(
        id=key,
        answers=_answers(entry),
        boxes=boxes,
        scores=scores,
        labels=labels,
        captions=tuple(map(said, captions)),
        object_ids=() if chosen is None else (chosen,),
    )


def _of_leo(entry: Mapping[str, Any]) -> dict[str, Any]:
    """LEO's dumps name no id, but scene and question; predictions are found by these, too."""
    found = _LEO_QUESTION.fullmatch(str(entry["instruction"]))
    if found is None:
        raise RowError(
            f"`instruction` must be `USER: .. ASSISTANT:`, got {shown(entry['instruction'])}"
        )
    return {"id": f"{entry['scene_id']}-{found[1]}", "answer": entry["response_pred"]}


def said(text: str) -> str:
    """What a model's text says: no thoughts, of `<answer>` what is inside.

    Nothing between `<think>` and `</think>` counts, also where the thought is never closed, or
    where it was opened by the prompt and the text holds its end alone. An `<answer>` that was cut
    off counts as far as it goes. Halves of characters (lone surrogates, as JSON can have them) are
    replaced by U+FFFD: no tokenizer can be given them.
    """
    text = _SURROGATES.sub("\ufffd", text)
    spoken = _THOUGHT.sub("", text)
    if spoken != text or _THOUGHT_END.search(text):
        spoken = _THOUGHT_END.split(spoken)[-1].strip()
    found = _ANSWER.search(spoken)
    return found[1].strip() if found else spoken


def texts(entry: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """The list of texts under a key; none where there is no such key.

    Raises:
        RowError: something else is there.
    """
    values = entry.get(name, [])
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise RowError(f"`{name}` must be a list of texts, got {shown(values)}")
    return tuple(values)


def scan2cap_entry(scene_id: str, objects: Sequence[Any]) -> dict[str, Any]:
    """Scan2Cap's `[{"caption", "box": 8 corners, "obj_prob": [no, yes]}]` of a scene as our entry.

    Raises:
        RowError: an object has no caption, box or pair of probabilities.
    """
    boxes, captions, scores = [], [], []
    for number, item in enumerate(objects):
        if not isinstance(item, Mapping) or not {"box", "caption"} <= item.keys():
            has = ", ".join(map(str, item)) if isinstance(item, Mapping) else shown(item)
            raise RowError(
                f"{shown(scene_id)} must list texts, or objects with `caption` and `box`; its "
                f"entry {number} has {has or 'nothing'}. Predictions in a list under a name are "
                "not read: give the list alone"
            )
        probabilities = item.get("obj_prob", [0.0, 1.0])
        if not isinstance(probabilities, list) or len(probabilities) != 2:
            raise RowError(f"`obj_prob` must be two numbers, got {shown(probabilities)}")
        boxes.append(item["box"])
        # The benchmark's own files have the marks that scoring adds to ours.
        caption = item["caption"]
        if isinstance(caption, str) and (marked := _MARKED.fullmatch(caption)):
            caption = marked[1]
        captions.append(caption)
        scores.append(probabilities[1])
    return {
        "id": scene_id,
        "boxes": _corners(boxes).tolist(),
        "captions": captions,
        "scores": scores,
    }


def shown(value: object) -> str:
    """A value as JSON writes it, at most 60 characters."""
    return "null" if value is None else f"{value!r:.60}"


def json_type(value: object) -> str:
    """What JSON calls the type of a value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, Mapping):
        return "an object"
    return "a text" if isinstance(value, str) else "a list"


def _id(entry: Mapping[str, Any]) -> str:
    name = next((name for name in ID_KEYS if name in entry), None)
    if name is None:
        raise RowError(f"`id` must be text, but there is none; it has {_names(entry)}")
    return _plain(entry, name)


def _plain(entry: Mapping[str, Any], name: str) -> str:
    """The text or integer under a key, as text."""
    key = entry.get(name)
    if not isinstance(key, str | int) or isinstance(key, bool):
        raise RowError(f"`{name}` must be text, got {shown(key)}")
    if _SURROGATES.search(str(key)):
        raise RowError(f"`{name}` holds half of a character: {shown(key)}")
    return str(key)


def _require(entry: Mapping[str, Any], needs: Sequence[str]) -> None:
    known = {"answer": (*LIST_KEYS, *TEXT_KEYS)}
    wanted = tuple(needs) or ("answer", "boxes", "object_id")
    if not any(key in entry for name in wanted for key in known.get(name, (name,))):
        names = " or ".join(name if name == "answer" else f"`{name}`" for name in wanted)
        raise RowError(f"no {names}; it has {_names(entry)}")


def _names(entry: Mapping[str, Any]) -> str:
    return ", ".join(sorted(map(str, entry))) or "nothing"


def _answers(entry: Mapping[str, Any]) -> tuple[str, ...]:
    found = {name: tuple(map(said, texts(entry, name))) for name in LIST_KEYS if name in entry}
    singles = [name for name in TEXT_KEYS if name in entry]
    if "text" in singles and LLAVA_KEYS & entry.keys():
        singles = ["text"]
    named = [name for name in ("answer", "answers") if name in entry]
    others = [name for name in entry if _SAID.search(name) and not _TRUTH.search(name)]
    others = [name for name in others if isinstance(entry[name], str | list)]
    if named and not KNOWN_KEYS.issuperset(others):
        names = " and ".join(f"`{name}`" for name in (*named, *others))
        raise RowError(
            f"{names} are there: which one is the prediction? Leave it alone, as `answer`; the "
            "truth is read from the annotations"
        )
    for name in singles:
        if not isinstance(entry[name], str):
            raise RowError(f"`{name}` must be text, got {shown(entry[name])}")
        found[name] = (said(entry[name]),)
    if len({answers[:1] for answers in found.values()}) > 1:
        names = " and ".join(f"`{name}`" for name in found)
        raise RowError(f"{names} say different things: which one is the prediction?")
    return max(found.values(), key=len, default=())


def _boxes(values: Any) -> np.ndarray:
    if not isinstance(values, list):
        raise RowError(f"`boxes` must be a list, got {shown(values)}")
    for number, box in enumerate(values):
        if not isinstance(box, list) or len(box) != 6 or any(isinstance(n, bool) for n in box):
            raise RowError(
                f"box {number} must be six numbers, centre x y z and size x y z, got {shown(box)}"
            )
    boxes = _array(values, "boxes").reshape(-1, 6)
    negative = np.flatnonzero((boxes[:, 3:] < 0).any(axis=1))
    if len(negative):
        raise RowError(
            f"box {negative[0]} must be centre and size, sizes not negative: "
            f"{shown(values[negative[0]])}"
        )
    return boxes


def _corners(values: Any) -> np.ndarray:
    corners = _array(values, "bbox")
    if len(corners) and corners.shape[1:] != (8, 3):
        raise RowError(f"a box must have 8 corners of 3 numbers, got shape {corners.shape[1:]}")
    return boxes_from_corners(corners)


def _scores(values: Any) -> np.ndarray:
    return _array(values, "scores", limit=np.inf).reshape(-1)


def _array(values: Any, name: str, limit: float = MAX_COORDINATE) -> np.ndarray:
    if not isinstance(values, list):
        raise RowError(f"`{name}` must be a list, got {shown(values)}")
    try:
        array = np.array(values, np.float64)
    except OverflowError as error:  # an integer of hundreds of digits
        raise RowError(f"`{name}` holds a number that is too large") from error
    except (TypeError, ValueError) as error:
        raise RowError(f"`{name}` must hold numbers, got {shown(values)}") from error
    if not np.isfinite(array).all():
        raise RowError(f"`{name}` must be finite, got {shown(values)}")
    if (np.abs(array) > limit).any():
        raise RowError(f"`{name}` must lie within {limit:g} m, got {shown(values)}")
    return array
