"""A question about a scene, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from r1_model.errors import InvalidQuestionError, QuestionTooLongError
from r1_model.plans.forbidden import Prohibition
from r1_model.plans.prohibitions import Request, read_request
from r1_model.scene.scene import Scene
from r1_model.text.answer import TASKS, Box, Turn
from r1_model.text.tasks import classify_task, stands_alone

MAX_QUESTION_CHARACTERS = 4_000
# tasks whose answer may be a plan
_MAY_ACT = ("auto", "planning", "dialogue")
_NEAR_M = 1.0  # a target may lie so far outside of the cloud: its other side was not seen


@dataclass(frozen=True)
class Question:
    """A question about a scene; `Reasoner.ask` says what its parts mean.

    Attributes:
        scene: with at least one point.
        text: English or Chinese.
        task: one of `answer.TASKS`, or auto.
        history: earlier turns, oldest first.
        target: what the question is about.
        forbidden: what turns forbade that are not in `history` any more.
    """

    scene: Scene
    text: str
    task: str = "auto"
    history: Sequence[Turn] = ()
    target: Box | None = None
    forbidden: Sequence[Prohibition] = ()

    @cached_property
    def request(self) -> Request:
        """What may be done for it, and what not."""
        if self.task not in _MAY_ACT or len(self.text) > MAX_QUESTION_CHARACTERS:
            return Request(self.text, self.text)
        return read_request(self.text)

    @property
    def asked(self) -> str:
        """What the model is asked: the guard holds what is forbidden, the model gets the rest."""
        return self.request.allowed or self.text

    @property
    def only_forbids(self) -> bool:
        """There is nothing to ask the model for."""
        return not self.request.allowed and bool(self.request.prohibitions)

    def forbidden_before(self) -> list[Prohibition]:
        """What earlier turns forbade, also those that are not read."""
        turns = (read_request(turn.question).prohibitions for turn in self.history)
        return [*self.forbidden, *(item for items in turns for item in items)]

    def known_task(self) -> str:
        """One of `answer.TASKS`: what it is asked as.

        Raises:
            InvalidQuestionError: no text, or an unknown task.
            QuestionTooLongError: more than MAX_QUESTION_CHARACTERS.
        """
        if self.task != "auto" and self.task not in TASKS:
            raise InvalidQuestionError(
                f"unknown task {self.task!r}; known: auto, {', '.join(TASKS)}"
            )
        if len(self.text) > MAX_QUESTION_CHARACTERS:
            raise QuestionTooLongError(
                f"the question has {len(self.text)} characters, at most "
                f"{MAX_QUESTION_CHARACTERS} are read"
            )
        if not self.text.strip():
            raise InvalidQuestionError("the question holds no text")
        if self.task != "auto":
            return self.task
        return classify_task(self.asked, self.target is not None, bool(self.history))

    def without_unrelated(self) -> Question:
        """The question alone where it stands alone; what earlier turns forbade still holds.

        Their subject would only mislead a small model (see `tasks.stands_alone`).
        """
        if not self.history or self.task == "dialogue" or not stands_alone(self.asked):
            return self
        return replace(self, history=(), forbidden=self.forbidden_before())


def check_target(target: Box, low: np.ndarray, high: np.ndarray) -> None:
    """Raise InvalidQuestionError unless a target lies in or near a scene of these bounds."""
    center, size = np.asarray(target.center, float), np.asarray(target.size, float)
    if not (np.isfinite(center).all() and np.isfinite(size).all() and (size >= 0).all()):
        raise InvalidQuestionError(f"the target's box is no box: centre {center}, size {size}")
    if (center < low - _NEAR_M).any() or (center > high + _NEAR_M).any():
        raise InvalidQuestionError(
            f"the target at {center.round(2)} m lies outside of the scene, which reaches from "
            f"{low.round(2)} to {high.round(2)} m"
        )
