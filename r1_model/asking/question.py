"""A question about a scene, and what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from r1_model.asking.languages import ONLY, understood
from r1_model.asking.several import several
from r1_model.errors import InvalidQuestionError, QuestionTooLongError
from r1_model.plans.forbidden import Prohibition
from r1_model.plans.prohibitions.permissions import still_forbidden
from r1_model.plans.prohibitions.request import Request, read_request
from r1_model.plans.told import noted_text
from r1_model.scene.scene import Scene
from r1_model.text.answer import TASKS, Box, Turn
from r1_model.text.chinese import in_script
from r1_model.text.measures import Measure, asks_of_itself, read_measure
from r1_model.text.tasks import classify_task, detect_language, is_bare_name, stands_alone
from r1_model.text.wording import plain_wording, social_reply, without_courtesies

# More garbles what r1-tiny says, and nobody asks so much at once. A Chinese character is a token or
# two, four Latin letters are one.
MAX_QUESTION_CHARACTERS = 1_000
_HAN = re.compile(r"[\u3400-\u9fff]")
_LETTERS_OF_A_HAN = 3
# tasks whose answer may be a plan
_ONE_THING = ("那是同一個東西。", "That is one and the same thing.")
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
        gaze: where who asks looks: radians from the scene's +x axis about z. Left, right, in front
            and behind are as seen that way; None: along +y of the frame that is read.
    """

    scene: Scene
    text: str
    task: str = "auto"
    history: Sequence[Turn] = ()
    target: Box | None = None
    forbidden: Sequence[Prohibition] = ()
    gaze: float | None = None

    @cached_property
    def request(self) -> Request:
        """What may be done for it, and what not."""
        plain = plain_wording(self.text)
        if self.task not in _MAY_ACT or question_length(plain) > MAX_QUESTION_CHARACTERS:
            return Request(plain, plain)
        return read_request(plain)

    @cached_property
    def asked(self) -> str:
        """What the model is asked: the guard holds what is forbidden, the model gets the rest.

        Without courtesies, unless these alone make a request of a name: "A coffee, please."
        """
        if self.measure is not None:
            return self.measure.plain
        text = self.request.allowed or self.request.text
        bare = without_courtesies(text)
        if not bare or (is_bare_name(bare) and not is_bare_name(text)):
            return text
        return bare

    @cached_property
    def measure(self) -> Measure | None:
        """The length that is asked for in a unit or against a threshold."""
        return read_measure(without_courtesies(self.request.allowed or self.request.text))

    @property
    def parts(self) -> list[Question]:
        """Questions and goals that stand in one text, each on its own; itself where it is one.

        What the text forbids holds for all of them.
        """
        return self._parts or [self]  # one that keeps itself would keep its scene, too

    @cached_property
    def _parts(self) -> list[Question]:
        """`parts`, where there are several; else none."""
        if self.task not in ("auto", "planning", "qa") or self.target is not None:
            return []
        if self.measure is not None:  # "How tall is it? In feet, please."
            return []
        texts = several(without_courtesies(self.request.allowed or self.request.text))
        if len(texts) < 2:
            return []
        # a halt of this turn is none of an earlier one
        own = (replace(item, halts=False) for item in self.request.prohibitions)
        forbidden = [*self.forbidden, *own]
        return [replace(self, text=text, forbidden=forbidden) for text in texts]

    @property
    def only_forbids(self) -> bool:
        """There is nothing to ask the model for."""
        return not self.request.allowed and bool(self.request.prohibitions)

    @cached_property
    def reply(self) -> str | None:
        """What is answered without the model: to what only forbids, and to mere courtesies."""
        language = detect_language(self.text)
        if self.only_forbids:
            return noted_text(self.request.prohibitions, language)
        reply = social_reply(self.request.text) if self.task == "auto" else None
        if reply is None and self.task in ("auto", "qa") and asks_of_itself(self.asked):
            reply = _ONE_THING[language == "en"]
        return None if reply is None else in_script(reply, language)

    def forbidden_before(self) -> list[Prohibition]:
        """What earlier turns forbade, also those that are not read, and nobody took back."""
        said: list[Prohibition] = []
        for turn in self.history:
            request = read_request(turn.question)
            said = [*still_forbidden(said, request), *request.prohibitions]
        return still_forbidden([*self.forbidden, *said], self.request)

    def known_task(self) -> str:
        """One of `answer.TASKS`: what it is asked as.

        Raises:
            InvalidQuestionError: no text, an unknown task, or another language.
            QuestionTooLongError: longer than MAX_QUESTION_CHARACTERS.
        """
        if self.task != "auto" and self.task not in TASKS:
            raise InvalidQuestionError(
                f"unknown task {self.task!r}; known: auto, {', '.join(TASKS)}"
            )
        if (length := question_length(self.text)) > MAX_QUESTION_CHARACTERS:
            raise QuestionTooLongError(
                f"the question has {length} characters, at most {MAX_QUESTION_CHARACTERS} are "
                f"read (a Chinese one counts as {_LETTERS_OF_A_HAN})"
            )
        if not plain_wording(self.text):
            raise InvalidQuestionError("the question holds no text")
        if not understood(self.text):
            raise InvalidQuestionError(ONLY)
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


def question_length(text: str) -> int:
    """How much of a question the model has to read, in Latin letters."""
    return len(text) + (_LETTERS_OF_A_HAN - 1) * len(_HAN.findall(text))


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
