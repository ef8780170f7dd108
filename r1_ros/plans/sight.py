"""Who looks for a thing that a plan assumes: the reasoner, or for a simulated robot nobody."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence

import numpy as np
from rclpy.callback_groups import CallbackGroup
from rclpy.node import Node

from r1_model.text.answer import Box
from r1_model.text.chinese import simplified
from r1_model.text.tasks import detect_language
from r1_ros.messages.answers import box_from_message
from r1_ros.msg import ErrorCode, SceneAnswer
from r1_ros.plans.assumptions import SightError
from r1_ros.plans.robot import ShouldStop, SkillStoppedError
from r1_ros.runtime.errors import BadMessageError
from r1_ros.runtime.request_errors import code_name
from r1_ros.srv import Ask

_ANSWER_S = 60.0
_POLL_S = 0.02
_YES = re.compile(r"yes\b|是的|有", re.IGNORECASE)


class ReasonerSight:
    """Asks the reasoner, which answers from the newest map.

    Args:
        node: whose executor is used.
        service: of the reasoner.
        group: of the service's client.
    """

    def __init__(self, node: Node, service: str, group: CallbackGroup) -> None:
        self._node = node
        self._client = node.create_client(Ask, service, callback_group=group)
        self._name = node.resolve_service_name(service)

    def look(self, label: str, place: Box, frame_id: str, should_stop: ShouldStop) -> Sequence[Box]:
        """What the reasoner grounds when it is asked for a thing, having said that there is one.

        Args:
            label: of the thing.
            place: where it should be; the caller compares.
            frame_id: of `place`.
            should_stop: True ends the wait.

        Raises:
            SightError: it did not answer, or not about this frame.
            SkillStoppedError: `should_stop`.
        """
        name = label.strip()
        there, find = questions(name)
        # "Find the mug." presupposes one: of things that are not there, a quarter is "found" then
        if not says_yes(self._ask(there, Ask.Request.TASK_QA, should_stop).answer):
            return []
        answer = self._ask(find, Ask.Request.TASK_GROUNDING, should_stop)
        frame = answer.header.frame_id
        if answer.objects and frame != frame_id:
            raise SightError(f"{self._name} answers in {frame}, the plan is in {frame_id}")
        try:
            return [box_from_message(item) for item in answer.objects]
        except BadMessageError as error:
            raise SightError(f"{self._name} sent an unusable answer: {error}") from None

    def _ask(self, question: str, task: str, should_stop: ShouldStop) -> SceneAnswer:
        if not self._client.service_is_ready():
            raise SightError(f"nobody offers {self._name}")
        answered = threading.Event()
        future = self._client.call_async(
            Ask.Request(question=question, task=task, timeout_seconds=_ANSWER_S)
        )
        future.add_done_callback(lambda _: answered.set())
        try:
            while not answered.wait(_POLL_S):
                if should_stop():
                    raise SkillStoppedError
                if not self._client.service_is_ready():
                    raise SightError(f"the node behind {self._name} has gone")
        finally:
            self._client.remove_pending_request(future)
        response = future.result()
        # an answer that names no place is an answer
        if response.error_code not in (ErrorCode.NONE, ErrorCode.UNREADABLE_OUTPUT):
            code = code_name(response.error_code)
            raise SightError(f"{self._name}: {response.error_msg} [{code}]")
        return response.answer

    def close(self) -> None:
        """Leave the reasoner."""
        self._node.destroy_client(self._client)


def questions(label: str) -> tuple[str, str]:
    """Is it there, and where is it: the plainest questions, in the language of the label."""
    language = detect_language(label)
    if language == "en":
        return (
            f"Is there {'an' if label[:1].lower() in 'aeiou' else 'a'} {label}?",
            f"Find the {label}.",
        )
    return f"有{label}{'嗎' if language == 'zh-Hant' else '吗'}？", f"找到{label}。"


def says_yes(answer: str) -> bool:
    """An answer to "is there ...?" begins with a yes; whatever else it says is none."""
    return _YES.match(simplified(answer.strip())) is not None


def pretended(label: str, place: Box) -> list[Box]:
    """A simulated robot sees what its plan assumes: something small in the middle of the place."""
    return [Box(place.center, np.minimum(place.size, 0.1), label, yaw=place.yaw)]
