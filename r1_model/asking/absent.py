"""Is what an answer is about there at all?

Asked for the colour of a sofa, a small model names one whether there is a sofa or not; asked where
the sofa is, it says that there is none. So an answer about a thing that no detection fits is held
against the model's own answer to where the thing is, unless an earlier turn was about it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from r1_model.asking.question import Question
from r1_model.asking.reading import Ready
from r1_model.text.answer import Answer, Box
from r1_model.text.chinese import simplified
from r1_model.text.grammar import parse_answer
from r1_model.text.refinement import snap_to_detections
from r1_model.text.singular import singular

_TASKS = ("qa", "object_caption", "dialogue")  # a thing that was to be found is found or is not
_BEFORE_NOUN = re.compile(r"[\s的]")
_WHERE = {"en": "Where is the {}?", "zh-Hans": "{}在哪里？", "zh-Hant": "{}在哪裡？"}


def unfound(answer: Answer, asked: Ready) -> str | None:
    """The name of what an answer is about, where no detection fits.

    Args:
        answer: what was said.
        asked: to what.
    """
    given = asked.question.target is not None  # then it is there
    acts = answer.steps or answer.withheld  # what must not be done stays said
    if answer.task not in _TASKS or given or acts or not answer.finished:
        return None
    # the thinking names things plainly; a description has its boxes there alone
    thought = parse_answer(f"<answer>{answer.thinking}</answer>", asked.bounds, "qa").boxes
    told = parse_answer(answer.raw, asked.bounds, "qa").boxes
    if answer.task == "object_caption":
        told = thought
    doubtful = asked.known.doubtful or []
    name = unfound_subject(
        [snap_to_detections(box, doubtful, asked.bounds) for box in told],
        [snap_to_detections(box, doubtful, asked.bounds) for box in thought],
    )
    return None if name is None or _spoken_of(name, asked) else name


def _spoken_of(name: str, asked: Ready) -> bool:
    """Has an earlier turn a box for it? Then it was asked for there, and is there."""
    turns = (turn.raw for turn in asked.question.history)
    earlier = [box for raw in turns for box in parse_answer(raw, asked.bounds, "qa").boxes]
    return any(_plain(name) in _plain(box.label) for box in earlier)


def unfound_subject(told: Sequence[Box], thought: Sequence[Box]) -> str | None:
    """The name of the first box of an answer, unless it or another of its name has a score.

    Args:
        told: boxes of an answer; a score says that a detection is repeated.
        thought: boxes of its thinking, whose names count where a box stands in both, unless another
            word stands there, as in "stool: brown <obj>" about a brown stool.
    """
    if not told or not math.isnan(told[0].score):
        return None
    said = told[0].label
    name = next((box.label for box in thought if _same(box, told[0])), said)
    if said and not said.endswith(name):
        name = said
    # of several things of a name one was detected: what is miscounted is there
    others = {box.label for box in (*told, *thought) if not math.isnan(box.score)}
    return None if name in others else name or None


def _same(one: Box, other: Box) -> bool:
    return np.array_equal(one.center, other.center) and np.array_equal(one.size, other.size)


def where_is(name: str, asked: Ready) -> Question:
    """The question where a thing is, in the language in which something else was asked."""
    text = _WHERE[asked.language].format(name)
    return Question(asked.known.prepared.given, text, "qa")


def held_against(answer: Answer, where: Answer, name: str) -> Answer:
    """An answer, or that there is no such thing: what was said to where it is.

    Args:
        answer: what was said.
        where: to where the thing is. It denies it where no box stands in it, nor in its thinking,
            and it speaks of that thing and no other.
        name: of the thing.
    """
    denied = not where.boxes and "<obj>" not in where.thinking and where.answer
    if not denied or where.stopped or not where.finished:
        return answer
    noun = singular(_BEFORE_NOUN.split(_plain(name))[-1])
    if noun not in _plain(where.answer):
        return answer
    return replace(where, task=answer.task, first_token_seconds=answer.first_token_seconds)


def _plain(text: str) -> str:
    return simplified(text).casefold().strip()
