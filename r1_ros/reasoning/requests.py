"""What a client asked, checked before anything else is done with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from r1_model.scene.scene import Scene
from r1_model.text.answer import TASKS, Box
from r1_model.text.boxes import extent
from r1_ros.configuration.parameters import ReasonerConfig
from r1_ros.messages.answers import point_and_size
from r1_ros.msg import ErrorCode
from r1_ros.reasoning.sessions import Sessions, UnknownObjectError
from r1_ros.reasoning.viewpoints import Viewpoint, read_viewpoint
from r1_ros.runtime.errors import BadMessageError
from r1_ros.runtime.request_errors import RequestError
from r1_ros.srv import Ask

# As of the parameter request_timeout. Beyond some hundred years a lock's wait raises an error that
# would end the node.
LONGEST_TIMEOUT_S = 86_400.0
MAX_NAME_CHARS = 200  # of session and object ids
_FAR_M = 1e6  # farther than any room: written in powers of ten
OUTSIDE_TOLERANCE = 1.0  # metres; a target may lie a little outside of what was seen so far
DEFAULT_DESCRIBE = "Describe every object in the room."


@dataclass(frozen=True)
class AskRequest:
    """One question to the model.

    Attributes:
        question: with text, within the limit; with labels in the place of the user's words for
            them (`object_synonyms`, `object_classes`).
        task: auto or one of `answer.TASKS`.
        session_id: empty: no memory.
        target: what it is about; size 0 is a point.
        timeout: deadline [s].
        target_id: id of the target, where an earlier answer named it.
        viewpoint: from where left and right are meant; None: as on the map.
        said: the question in the user's words.
    """

    question: str
    task: str
    session_id: str
    target: Box | None
    timeout: float
    target_id: str = ""
    viewpoint: Viewpoint | None = None
    said: str = ""


def read_ask(request: Any, config: ReasonerConfig, sessions: Sessions) -> AskRequest:
    """The question of an Ask goal or service request.

    Raises:
        RequestError: a field is not allowed; the sentence names it.
    """
    task = request.task or Ask.Request.TASK_AUTO
    if task != Ask.Request.TASK_AUTO and task not in TASKS:
        raise RequestError(
            ErrorCode.UNKNOWN_TASK,
            f"unknown task {_short(task)}; known: auto, {', '.join(TASKS)}",
        )
    return AskRequest(
        question=_question("question", request.question, config),
        task=task,
        session_id=_name("session_id", request.session_id),
        target=_target(request, sessions),
        timeout=_timeout(request.timeout_seconds, config),
        target_id=request.target_id if request.target_kind == Ask.Request.TARGET_ID else "",
        viewpoint=read_viewpoint(request),
        said=request.question,
    )


def read_plan(request: Any, config: ReasonerConfig) -> AskRequest:
    """The goal of a Plan goal.

    Raises:
        RequestError: a field is not allowed; the sentence names it.
    """
    return AskRequest(
        question=_question("goal", request.goal, config),
        task="planning",
        session_id=_name("session_id", request.session_id),
        target=None,
        timeout=_timeout(request.timeout_seconds, config),
        viewpoint=read_viewpoint(request),
        said=request.goal,
    )


def read_describe(request: Any, config: ReasonerConfig) -> AskRequest:
    """The question of a DescribeScene goal.

    Raises:
        RequestError: a field is not allowed; the sentence names it.
    """
    return AskRequest(
        question=_question("question", request.question or DEFAULT_DESCRIBE, config),
        task="dense_caption",
        session_id="",
        target=None,
        timeout=_timeout(request.timeout_seconds, config),
        said=request.question or DEFAULT_DESCRIBE,
    )


def read_views_question(question: str, config: ReasonerConfig) -> str:
    """The question of a SelectViews request.

    Raises:
        RequestError: it holds no text or is too long.
    """
    return _question("question", question, config)


def read_list(request: Any, config: ReasonerConfig) -> tuple[str, float]:
    """Label and deadline [s] of a ListObjects request.

    Raises:
        RequestError: a field is not allowed; the sentence names it.
    """
    return _name("label", request.label), _timeout(request.timeout_seconds, config)


def require_no_object(request: AskRequest) -> None:
    """Raises RequestError where the target is an object of a map that is gone."""
    if request.target_id:
        raise RequestError(
            ErrorCode.UNKNOWN_OBJECT,
            f"the map was started anew; object {request.target_id!r} was in the old one",
        )


def require_in_scene(target: Box | None, scene: Scene) -> None:
    """Raises RequestError where a target lies far outside of the map."""
    if target is None:
        return
    low, high = scene.bounds()
    if is_outside(target, low, high):
        raise RequestError(
            ErrorCode.INVALID_REQUEST,
            f"the target at {metres(target.center)} lies outside of the map, which reaches from "
            f"{metres(low)} to {metres(high)} in {scene.frame_id}",
        )


def is_outside(box: Box, low: np.ndarray, high: np.ndarray) -> bool:
    """A box lies outside of a map, by more than OUTSIDE_TOLERANCE.

    Args:
        box: scene frame.
        low, high: (3,) corners of the map, metres.
    """
    reach = extent(box) / 2 + OUTSIDE_TOLERANCE
    return bool(np.any(box.center < low - reach) or np.any(box.center > high + reach))


def metres(values: np.ndarray) -> str:
    """`(1.00, 2.00, 0.50) m`; numbers of hundreds of digits in few."""
    told = (f"{value:.2f}" if abs(value) < _FAR_M else f"{value:.3g}" for value in values)
    return f"({', '.join(told)}) m"


def _question(field: str, text: str, config: ReasonerConfig) -> str:
    if len(text) > config.max_question_chars:
        raise RequestError(
            ErrorCode.QUESTION_TOO_LONG,
            f"{field} has {len(text)} characters, max_question_chars is "
            f"{config.max_question_chars}",
        )
    if not text.strip():
        raise RequestError(ErrorCode.EMPTY_QUESTION, f"{field} holds no text")
    return config.object_words().meant(text)


def _name(field: str, text: str) -> str:
    if len(text) > MAX_NAME_CHARS:
        raise RequestError(
            ErrorCode.INVALID_REQUEST,
            f"{field} has {len(text)} characters, at most {MAX_NAME_CHARS} are allowed",
        )
    return text


def _timeout(seconds: float, config: ReasonerConfig) -> float:
    if not 0 <= seconds <= LONGEST_TIMEOUT_S:
        raise RequestError(
            ErrorCode.INVALID_REQUEST,
            f"timeout_seconds must be 0 to {LONGEST_TIMEOUT_S:g}, got {seconds:g}",
        )
    return seconds or config.request_timeout


def _target(request: Any, sessions: Sessions) -> Box | None:
    kind = request.target_kind
    if kind == Ask.Request.TARGET_NONE:
        return None
    if kind == Ask.Request.TARGET_ID:
        try:
            return sessions.find(request.session_id, _name("target_id", request.target_id))
        except UnknownObjectError as error:
            raise RequestError(ErrorCode.UNKNOWN_OBJECT, str(error.args[0])) from None
    if kind not in (Ask.Request.TARGET_POINT, Ask.Request.TARGET_BOX):
        raise RequestError(
            ErrorCode.INVALID_REQUEST, f"target_kind must be one of TARGET_*, got {kind}"
        )
    try:
        box = point_and_size(request.target_point, request.target_size)
    except BadMessageError as error:
        raise RequestError(ErrorCode.INVALID_REQUEST, f"target: {error}") from None
    if kind == Ask.Request.TARGET_POINT:
        return Box(box.center, np.zeros(3))
    if not box.size.all():
        raise RequestError(
            ErrorCode.INVALID_REQUEST,
            f"target_size must be positive along each axis, got {metres(box.size)}",
        )
    return box


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:40] + "...")
