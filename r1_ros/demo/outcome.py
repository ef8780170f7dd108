"""Ask the nodes one question of the demo and keep what came back."""

from __future__ import annotations

import time
from dataclasses import dataclass

from r1_ros.client import NoResponseError, R1Client, RequestFailedError, ServerMissingError
from r1_ros.demo.questions import Question
from r1_ros.msg import ErrorCode, SceneAnswer

# What a model that has not learned enough brings about; everything else is a fault of the system.
_MODEL_ERRORS = (
    ErrorCode.UNREADABLE_OUTPUT,
    ErrorCode.NO_PLAN,
    ErrorCode.EMPTY_PLAN,
    ErrorCode.UNKNOWN_SKILL,
    ErrorCode.SKILL_FAILED,
    ErrorCode.NOT_SEEN,
    ErrorCode.OUTSIDE_OF_MAP,
    ErrorCode.FORBIDDEN,
)


@dataclass(frozen=True)
class Outcome:
    """What one question brought.

    Attributes:
        question: as asked.
        answer: the nodes' answer; with an error, what there was of it, or None.
        seconds: from the request to the answer, measured by the client.
        steps_done: steps of the plan that were carried out.
        error: why there is no (complete) answer; empty otherwise.
        code: of ErrorCode.msg; NONE where there is no error or no node has told one.
        is_fault: the error is one of the system, not of what the model said.
    """

    question: Question
    answer: SceneAnswer | None
    seconds: float
    steps_done: int = 0
    error: str = ""
    is_fault: bool = False
    code: int = ErrorCode.NONE

    @property
    def text(self) -> str:
        """The answer for people, or the error."""
        if self.answer is None or (self.error and not self.answer.answer.strip()):
            return self.error
        text = self.answer.answer.strip()
        if self.question.task == "planning" and self.answer.steps:
            # The answer's own text was written before anything was done.
            text = f"{self.steps_done} of {len(self.answer.steps)} steps carried out"
        return f"{text} [{self.error}]" if self.error else text

    @property
    def language(self) -> str:
        """Of the question, as the node told it; guessed where there is no answer."""
        if self.answer is not None and self.answer.language:
            return self.answer.language
        return "en" if self.question.text.isascii() else "zh-Hant"


def ask(client: R1Client, question: Question, timeout: float, *, execute: bool = True) -> Outcome:
    """Ask through the client that fits the task; plans are carried out as well, if so wanted."""
    began = time.monotonic()
    answer: SceneAnswer | None = None
    error, fault, code, steps_done, seconds = "", False, ErrorCode.NONE, 0, 0.0
    try:
        answer = _answer(client, question, timeout)
        seconds = time.monotonic() - began
        if execute and answer.steps and question.task == "planning":
            frame = answer.header.frame_id
            steps_done = client.execute_plan(answer.steps, frame_id=frame).steps_done
    except RequestFailedError as failure:
        error, fault = str(failure), failure.code not in _MODEL_ERRORS
        code = failure.code
        answer = answer or getattr(failure.result, "answer", None)
        steps_done = getattr(failure.result, "steps_done", 0)
    except (NoResponseError, ServerMissingError) as failure:
        error, fault = str(failure), True
    seconds = seconds or time.monotonic() - began
    return Outcome(question, answer, seconds, steps_done, error, fault, code)


def _answer(client: R1Client, question: Question, timeout: float) -> SceneAnswer:
    if question.task == "planning":
        return client.plan(question.text, session_id=question.session, timeout=timeout).answer
    if question.task == "dense_caption":
        return client.describe(question.text, timeout=timeout).answer
    return client.ask(
        question.text, task=question.task, session_id=question.session, timeout=timeout
    )
