"""`Sample`: one question about a room with its answer; boxes are placeholders until it is seen."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from r1_model.text.grammar import Bounds, format_box

PLACEHOLDER = re.compile(r"<obj:(\d+)>")


class MissingBoxError(KeyError):
    """A text names an object that has no box; the message says which."""


@dataclass(frozen=True)
class Sample:
    """One question with its answer and the truth that it can be checked against.

    Attributes:
        task: one of `r1_model.text.answer.TASKS`.
        language: one of `r1_model.text.answer.LANGUAGES`.
        kind: what is asked, e.g. "count".
        turns: earlier turns of a dialogue, (question, raw answer with its tags).
        question: as a person would say it.
        think: what stands between <think> and </think>.
        answer: what stands between <answer> and </answer>.
        objects: ids of the objects that must have been seen to answer.
        answer_key: truth for `answer_check.check_answer`: "type", mostly "value", and what the
            answer rests on: "claim" (a fact as a tuple), "asked" (by a yes-or-no question), "ref".
        extra_boxes: boxes of regions, id >= 10,000 -> (centre, size), metres, map frame.
        form: the wording of the question without its slots.
        reads: ids of the objects whose print must be readable in a view that the model gets.
        unread: ids of the objects whose print may not be seen in any of them.
        tops: ids of the objects whose top the cloud must show.
        no_tops: ids of the objects of whose top it may show nothing.
    """

    task: str
    language: str
    kind: str
    turns: tuple[tuple[str, str], ...]
    question: str
    think: str
    answer: str
    objects: tuple[int, ...]
    answer_key: Mapping[str, Any]
    extra_boxes: Mapping[int, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)
    form: str = ""
    reads: tuple[int, ...] = ()
    unread: tuple[int, ...] = ()
    tops: tuple[int, ...] = ()
    no_tops: tuple[int, ...] = ()

    @property
    def raw(self) -> str:
        """The model's whole text."""
        return tagged(self.think, self.answer)


def tagged(think: str, answer: str) -> str:
    """`<think>..</think><answer>..</answer>`."""
    return f"<think>{think}</think><answer>{answer}</answer>"


def placeholders(text: str) -> list[int]:
    """Ids of the `<obj:ID>` of a text, in order."""
    return [int(id) for id in PLACEHOLDER.findall(text)]


def without_boxes(text: str) -> str:
    """A text without its `<obj:ID>`: what a user says who gives the box beside it."""
    return PLACEHOLDER.sub("", text).strip()


def fill_boxes(
    text: str, boxes: Mapping[int, tuple[np.ndarray, np.ndarray]], bounds: Bounds
) -> str:
    """Turn every `<obj:ID>` into `<obj>cx, cy, cz, w, h, l</obj>`.

    Args:
        text: with placeholders.
        boxes: id -> (centre, size), metres.
        bounds: minimum and maximum corner of the scene's cloud, metres.

    Raises:
        MissingBoxError: an id has no box.
    """

    def fill(match: re.Match) -> str:
        box = boxes.get(int(match[1]))
        if box is None:
            raise MissingBoxError(f"no box for object {match[1]} of {text!r}")
        return format_box(*box, bounds)

    return PLACEHOLDER.sub(fill, text)
