"""Is what an answer is about there at all?

Asked for the colour of a sofa, a small model names one whether there is a sofa or not; asked where
the sofa is, it says that there is none. So an answer about a thing that no detection fits is held
against the model's own answer to where the thing is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from r1_model.asking.question import Question
from r1_model.asking.reading import Ready
from r1_model.text.answer import Answer, Box
from r1_model.text.grammar import parse_answer
from r1_model.text.refinement import snap_answer

_TASKS = ("qa", "object_caption", "dialogue")
_WHERE = {"en": "Where is the {}?", "zh-Hans": "{}在哪里？", "zh-Hant": "{}在哪裡？"}


def unfound(answer: Answer, asked: Ready) -> str | None:
    """The first thing that an answer was thought of with and that no detection fits, by its name.

    A name of which one bearer was detected is no such name: what is miscounted is there.

    Args:
        answer: what was said.
        asked: to what.
    """
    given = asked.question.target is not None  # then it is there
    if answer.task not in _TASKS or given or answer.stopped or not answer.finished:
        return None
    thought = parse_answer(f"<answer>{answer.thinking}</answer>", asked.bounds, "qa")
    boxes = snap_answer(thought, asked.known.doubtful or [], asked.bounds).boxes
    return first_unfound(boxes)


def first_unfound(boxes: Sequence[Box]) -> str | None:
    """The first name of which no box has a score, i.e. repeats a detection."""
    seen = {box.label for box in boxes if not math.isnan(box.score)}
    return next((box.label for box in boxes if box.label and box.label not in seen), None)


def where_is(name: str, asked: Ready) -> Question:
    """The question where a thing is, in the language in which something else was asked."""
    text = _WHERE[asked.language].format(name)
    return Question(asked.known.prepared.given, text, "qa")


def held_against(answer: Answer, where: Answer) -> Answer:
    """An answer, or that there is no such thing: what was said to where it is, without a box."""
    if where.boxes or where.stopped or not where.finished or not where.answer:
        return answer
    return replace(where, task=answer.task, first_token_seconds=answer.first_token_seconds)
