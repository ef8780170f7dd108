"""The one interface between the engine and whoever writes the reasoning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from r1_training.engine.items import Item

Stage = Literal["reasoning", "consistency"]
STAGES: tuple[Stage, ...] = ("reasoning", "consistency")


@dataclass(frozen=True)
class Usage:
    """Tokens as the teacher bills them; `output_tokens` includes hidden reasoning."""

    input_tokens: int = 0
    output_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.input_tokens + other.input_tokens, self.output_tokens + other.output_tokens
        )


@dataclass(frozen=True)
class Request:
    """One question to the teacher.

    Attributes:
        id: unique over all runs of one output; sent along, so that both sides can count the same.
        item: what it is about.
        stage: `reasoning` (think and answer) or `consistency` (answer again from the thinking).
        prompt: the whole prompt.
        thinking: the thinking that `consistency` answers from, else empty.
    """

    id: str
    item: Item
    stage: Stage
    prompt: str
    thinking: str = ""


@dataclass(frozen=True)
class Completion:
    """The teacher's text, unchanged, and what it cost."""

    text: str
    usage: Usage


class Teacher(Protocol):
    """Writes reasoning, and answers again from it. Called from many threads at once.

    Attributes:
        billed: False where asking twice costs nothing; requests are then not journaled.
    """

    billed: bool

    def complete(self, request: Request) -> Completion:
        """Answer one request.

        Raises:
            RetryableTeacherError: another attempt may succeed.
            BlockedError: refused for its content.
            RefusedRequestError: this request cannot succeed.
            FatalTeacherError: no request can succeed.
        """
        ...
