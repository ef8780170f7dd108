"""3D-LLM (Hong et al., NeurIPS 2023) in LL3DA's files: dialogue, planning, description, EQA.

`3d_llm_{embodied_dialogue_filtered, embodied_planning_filtered, scene_description,
embodied_question_answer}_{train,val}.json`. Their `val` is not ScanNet's: it holds rooms of
ScanNet's *training* list, which other data sets train on. Hold them out (`hold_out` of the scenes
of the val files) when the 3D-LLM val scores are to be clean.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from functools import partial
from itertools import groupby, pairwise
from operator import itemgetter
from pathlib import Path
from typing import Any, Literal

from r1_model.text.answer import Turn
from r1_training.datasets.annotation_sample import Sample
from r1_training.datasets.errors import RowError
from r1_training.datasets.json_stream import iterate_rows
from r1_training.datasets.rows import OnBad, RowReport, text, texts, to_samples

Kind = Literal["dialogue", "planning", "description", "eqa"]
_TASKS = {"dialogue": "dialogue", "planning": "planning", "description": "qa", "eqa": "qa"}
_MARKER = re.compile(r"### (human|assistant):")


def read_threedllm(
    path: Path,
    split: str,
    kind: Kind,
    *,
    on_bad: OnBad = "fatal",
    report: RowReport | None = None,
    held_out: Collection[str] = (),
) -> Iterator[Sample]:
    """One turn a row: earlier turns in `turns`, the last human turn as the question.

    `details["prompt"]` is the row's own text, which others' predictions are keyed by. Answers
    are kept as they stand (those of EQA end in a comma). Other arguments and errors as in
    `rows.to_samples`.
    """
    if kind not in _TASKS:
        raise ValueError(f"kind must be one of {', '.join(_TASKS)}, got {kind!r}")
    return to_samples(
        iterate_rows(path),
        partial(_build, split, kind),
        path=path,
        split=split,
        on_bad=on_bad,
        report=report,
        held_out=held_out,
    )


def parse_turns(prompt: str) -> tuple[tuple[Turn, ...], str]:
    """Earlier turns and the question of a `### human: ... ### assistant: ...` text.

    What the assistant says in two turns in a row is one turn: the published dialogues have such a
    row. Where it has spoken already and is to go on, the last question is asked again.

    Raises:
        RowError: the text does not start with a human turn, two human turns are in a row, a turn
            is empty, or an answer follows the last question.
    """
    before, *pieces = _MARKER.split(prompt)
    roles, said = pieces[::2], [piece.strip() for piece in pieces[1::2]]
    if before.strip() or not roles or roles[0] != "human":
        raise RowError(f"must start with `### human:`, got {prompt!r:.60}")
    if ("human", "human") in pairwise(roles):
        raise RowError(f"human and assistant must alternate, got {', '.join(roles)}")
    if roles[-1] == "assistant" and said[-1]:
        raise RowError("the last turn is the assistant's: there is nothing to answer")
    if roles[-1] == "assistant":  # where the answer goes
        roles.pop()
        said.pop()
    if not all(said):
        raise RowError("a turn is empty")
    by_turn = groupby(zip(roles, said, strict=True), key=itemgetter(0))
    merged = [" ".join(words for _, words in turn) for _, turn in by_turn]
    pairs = zip(merged[::2], merged[1::2], strict=False)  # the last question may stand alone
    turns = tuple(Turn(question, raw) for question, raw in pairs)
    return turns, merged[-1] if roles[-1] == "human" else merged[-2]


def _build(split: str, kind: str, index: int, row: Mapping[str, Any]) -> Sample:
    scene_id, prompt = text(row, "scene_id"), text(row, "question")
    turns, question = parse_turns(prompt)
    return Sample(
        dataset=f"3dllm_{kind}",
        split=split,
        scene_id=scene_id,
        id=f"{scene_id}-{index}",
        task=_TASKS[kind],
        question=question,
        answers=texts(row, "answers"),
        turns=turns,
        details={"prompt": prompt},
    )
