"""Answers for tests, made by hand."""

from __future__ import annotations

from r1_model.text.answer import Answer
from r1_model.text.grammar import Bounds, parse_answer
from r1_training.evaluation.majority import room_bounds
from r1_training.evaluation.room_evaluator import Asked
from r1_training.synthetic.language.sample import Sample
from r1_training.synthetic.rooms.room import make_room

ROOM = make_room(0, "test")


def sample(
    task: str = "qa", kind: str = "count", language: str = "en", **changes: object
) -> Sample:
    """A question whose truth is two."""
    settings = {
        "turns": (),
        "question": "How many chairs are there?",
        "think": "two",
        "answer": "There are two chairs.",
        "objects": (),
        "answer_key": {"type": "count", "value": 2},
    }
    return Sample(task=task, language=language, kind=kind, **{**settings, **changes})


def answer(text: str, task: str = "qa", bounds: Bounds | None = None) -> Answer:
    """What is read from a text."""
    read = parse_answer(text, bounds or room_bounds(ROOM), task)
    parts = {name: getattr(read, name) for name in ("thinking", "answer", "boxes", "steps")}
    return Answer(text, task=task, language="en", exact=read.exact, **parts)


def asked(
    verdict: dict[str, bool | float], held_out: bool = False, text: str = "", **of_sample: object
) -> Asked:
    """A question and its verdict."""
    question = sample(**of_sample)
    return Asked(ROOM, question, answer(text, question.task), verdict, held_out)
