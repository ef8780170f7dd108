"""Scene-30K (3D-R1): `Scene-30K.jsonl` and `scene_caption.json`, released or made by our engine."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from r1_model.text.answer import TASKS
from r1_training.datasets.annotation_sample import Sample
from r1_training.datasets.errors import RowError
from r1_training.datasets.json_stream import iterate_members, iterate_rows
from r1_training.datasets.rows import OnBad, RowReport, text, texts, to_samples
from r1_training.datasets.threedllm import parse_turns

_COT = re.compile(r"\s*<think>(.*?)</think>\s*<answer>(.*?)</answer>\s*", re.DOTALL)
_DIALOGUE = "### human:"


def read_scene30k(
    path: Path,
    split: str,
    *,
    on_bad: OnBad = "fatal",
    report: RowReport | None = None,
    held_out: Collection[str] = (),
) -> Iterator[Sample]:
    """Questions with a chain of thought.

    The released file is one for all uses and holds validation scenes: rows whose scene is
    officially in another split are not yielded, nor, but as training data, those of scenes that
    nobody has split. `answers` holds the text of `<answer>`; `details`: `cot` (the whole target
    text), `think`, and `prompt`, the row's own question: a dialogue has its earlier turns in it,
    here they are in `turns`. Our engine writes two more keys: `task` (else `qa`) and `item`, which
    is the id, because its sources repeat each other's question ids; without it the id is
    `question_id`, or scene and number of the row. Arguments and errors as in `rows.to_samples`.
    """
    return to_samples(
        iterate_rows(path),
        partial(_build, split),
        path=path,
        split=split,
        on_bad=on_bad,
        report=report,
        held_out=held_out,
        by_scene=True,
    )


def read_scene_captions(
    path: Path,
    split: str,
    *,
    on_bad: OnBad = "fatal",
    report: RowReport | None = None,
    held_out: Collection[str] = (),
) -> Iterator[Sample]:
    """`scene_caption.json`, `{scene_id: {"captions": [...]}}`: one sample a scene.

    `answers` holds the captions. Rows of scenes in another official split are not yielded.
    """
    rows = ((line, {"scene_id": key, "value": value}) for line, key, value in iterate_members(path))
    return to_samples(
        rows,
        partial(_build_captions, split),
        path=path,
        split=split,
        on_bad=on_bad,
        report=report,
        held_out=held_out,
        by_scene=True,
    )


def _build(split: str, index: int, row: Mapping[str, Any]) -> Sample:
    cot = text(row, "cot")
    found = _COT.fullmatch(cot)
    if found is None:
        raise RowError(f"`cot` must be <think>..</think><answer>..</answer>, got {cot!r:.80}")
    scene_id = text(row, "scene_id")
    task = row.get("task", "qa")
    if task not in TASKS:
        raise RowError(f"`task` must be one of {', '.join(TASKS)}, got {task!r:.60}")
    prompt = text(row, "question")
    # The model is asked with real turns, so it must be trained on them.
    turns, question = parse_turns(prompt) if prompt.startswith(_DIALOGUE) else ((), prompt)
    key = next((key for key in ("item", "question_id") if key in row), None)
    return Sample(
        dataset="scene30k",
        split=split,
        scene_id=scene_id,
        id=f"{scene_id}-{index}" if key is None else text(row, key),
        task=task,
        question=question,
        answers=(found[2].strip(),),
        turns=turns,
        details={"cot": cot, "think": found[1].strip(), "prompt": prompt},
    )


def _build_captions(split: str, _: int, row: Mapping[str, Any]) -> Sample:
    value = row["value"]
    if not isinstance(value, Mapping):
        raise RowError(f"a scene must be an object with `captions`, got {value!r:.60}")
    return Sample(
        dataset="scene_captions",
        split=split,
        scene_id=row["scene_id"],
        id=row["scene_id"],
        task="qa",
        question="Describe the room.",
        answers=texts(value, "captions"),
    )
