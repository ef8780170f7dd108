"""Is a thing still where a plan has it? What `list_objects` knows, looked up before a step."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from rclpy.callback_groups import CallbackGroup
from rclpy.node import Node

from r1_model.plans.dependence import arguments, same_thing
from r1_model.text.answer import Box, Step
from r1_ros.messages.answers import box_from_message
from r1_ros.msg import ErrorCode, GroundedObject, KnownObject, KnownObjects, PlanStep
from r1_ros.plans.assumptions import same_name
from r1_ros.plans.changes import Change, Kind
from r1_ros.plans.robot import ShouldStop, SkillStoppedError
from r1_ros.runtime.errors import BadMessageError
from r1_ros.srv import ListObjects

ELSEWHERE_M = 0.3  # between the middles of two boxes; half of the thing where that is more
DOOR = "door"
_ANSWER_S = 20.0
_POLL_S = 0.02


@dataclass(frozen=True)
class Target:
    """A thing of a plan: its id, and where the plan has it."""

    object_id: str
    box: Box


def targets_of(messages: Sequence[PlanStep]) -> list[Target]:
    """The things of a plan that have an id; malformed ones are left out, `steps` refuses them."""
    found = []
    for message in messages:
        for target in message.targets:
            if not target.id:
                continue
            try:
                found.append(Target(target.id, box_from_message(target)))
            except BadMessageError:
                continue
    return found


def change_of(
    step: Step, targets: Sequence[Target], taken: Sequence[Step], known: Sequence[KnownObject]
) -> Change | None:
    """What of a step is not as the plan has it, by what is known; None: nothing that is known.

    A thing that is not known, or not by its id, may be where the plan has it: nothing is said.

    Args:
        step: that comes next.
        targets: of the plan.
        taken: steps before it; what they picked up is where the robot put it.
        known: what `list_objects` says, things that are gone included.
    """
    for label, box in arguments(step):
        if box is None or _was_picked(label, box, taken):
            continue
        id = next((t.object_id for t in targets if _same_place(t.box, box)), None)
        thing = next((k for k in known if k.id == id and _is_called(k, label)), None)
        if thing is None:
            continue
        if thing.gone:
            return Change(Kind.GONE, label, was=box)
        there = known_box(thing)
        if there is not None and thing.moved and not _same_place(there, box):
            return Change(Kind.MOVED, label, replace(there, label=label), was=box)
    return None


def known_box(thing: KnownObject) -> Box | None:
    """Where a known thing is; None for a box that is none."""
    message = GroundedObject(label=thing.label, pose=thing.pose, size=thing.size)
    try:
        return box_from_message(message)
    except BadMessageError:
        return None


def nearest_door(known: Sequence[KnownObject], box: Box) -> Box | None:
    """Of the doors that are known, the one that is nearest to a box."""
    doors = [b for k in known if k.label == DOOR and not k.gone and (b := known_box(k)) is not None]
    return min(doors, key=lambda d: float(np.linalg.norm(d.center - box.center)), default=None)


class KnownThings:
    """Asks `list_objects`; where nobody answers, nothing is known.

    Args:
        node: whose log and executor are used.
        service: `list_objects`.
        group: of the service's client.
    """

    def __init__(self, node: Node, service: str, group: CallbackGroup) -> None:
        self._node = node
        self._client = node.create_client(ListObjects, service, callback_group=group)
        self._name = node.resolve_service_name(service)

    def ask(self, frame_id: str, should_stop: ShouldStop) -> list[KnownObject]:
        """All known things, those that are gone too; empty where nobody knows, or of this frame.

        Raises:
            SkillStoppedError: `should_stop`.
        """
        if not self._client.service_is_ready():
            return []
        answered = threading.Event()
        future = self._client.call_async(
            ListObjects.Request(include_gone=True, timeout_seconds=_ANSWER_S)
        )
        future.add_done_callback(lambda _: answered.set())
        try:
            while not answered.wait(_POLL_S):
                if should_stop():
                    raise SkillStoppedError
                if not self._client.service_is_ready():
                    return []
        finally:
            self._client.remove_pending_request(future)
        response = future.result()
        if response.error_code != ErrorCode.NONE:
            self._node.get_logger().warning(f"{self._name}: {response.error_msg}")
            return []
        known: KnownObjects = response.known
        return list(known.objects) if known.header.frame_id == frame_id else []

    def close(self) -> None:
        """Leave the reasoner."""
        self._node.destroy_client(self._client)


def _was_picked(label: str, box: Box, taken: Sequence[Step]) -> bool:
    return any(
        step.action == "pick" and same_thing(label, box, *thing)
        for step in taken
        for thing in arguments(step)
    )


def _same_place(a: Box, b: Box) -> bool:
    limit = max(ELSEWHERE_M, float(b.size.max()) / 2)
    return float(np.linalg.norm(a.center - b.center)) < limit


def _is_called(thing: KnownObject, label: str) -> bool:
    return any(same_name(name, label) for name in (thing.label, *thing.synonyms))
