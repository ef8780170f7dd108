"""Answers for tests, made by hand."""

from __future__ import annotations

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


def asked(
    verdict: dict[str, bool | float], held_out: bool = False, text: str = "", **of_sample: object
) -> Asked:
    """A question and its verdict."""
    return Asked(ROOM, sample(**of_sample), text, verdict, held_out)
