"""Who looks for a thing that a plan assumes: the reasoner, or for a simulated robot nobody."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
from rclpy.callback_groups import CallbackGroup
from rclpy.node import Node

from r1_model.answer import Box
from r1_model.tasks import detect_language
from r1_ros.answer_messages import box_from_message
from r1_ros.errors import BadMessageError
from r1_ros.msg import ErrorCode
from r1_ros.plan_assumptions import SightError
from r1_ros.request_errors import code_name
from r1_ros.skill_interface import ShouldStop, SkillStoppedError
from r1_ros.srv import Ask

_ANSWER_S = 60.0
_POLL_S = 0.02


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
        """What the reasoner grounds when it is asked for a thing.

        Args:
            label: of the thing.
            place: where it should be; the caller compares.
            frame_id: of `place`.
            should_stop: True ends the wait.

        Raises:
            SightError: it did not answer, or not about this frame.
            SkillStoppedError: `should_stop`.
        """
        if not self._client.service_is_ready():
            raise SightError(f"nobody offers {self._name}")
        question = find_question(label)
        request = Ask.Request(
            question=question, task=Ask.Request.TASK_GROUNDING, timeout_seconds=_ANSWER_S
        )
        answered = threading.Event()
        future = self._client.call_async(request)
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
        if response.error_code == ErrorCode.UNREADABLE_OUTPUT:
            return []  # it named no place
        if response.error_code != ErrorCode.NONE:
            name = code_name(response.error_code)
            raise SightError(f"{self._name}: {response.error_msg} [{name}]")
        frame = response.answer.header.frame_id
        if frame != frame_id:
            raise SightError(f"{self._name} answers in {frame}, the plan is in {frame_id}")
        try:
            return [box_from_message(item) for item in response.answer.objects]
        except BadMessageError as error:
            raise SightError(f"{self._name} sent an unusable answer: {error}") from None

    def close(self) -> None:
        """Leave the reasoner."""
        self._node.destroy_client(self._client)


def find_question(label: str) -> str:
    """The plainest question for a thing, in the language of its name."""
    return f"Find the {label}." if detect_language(label) == "en" else f"找到{label}。"


def pretended(label: str, place: Box) -> list[Box]:
    """A simulated robot sees what its plan assumes: something small in the middle of the place."""
    return [Box(place.center, np.minimum(place.size, 0.1), label)]
