"""Boxes, steps and answers between `r1_model.text.answer` and messages. All in the scene frame."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from geometry_msgs.msg import Point, Pose, Quaternion, Vector3

from r1_model.geometry.oriented_boxes import turn
from r1_model.geometry.poses import rotation_from_quaternion
from r1_model.plans.told import withheld_text
from r1_model.text.answer import Answer, Box, Step
from r1_ros.messages.geometry import header_message, pose_from_message
from r1_ros.messages.plan_text import planned_text
from r1_ros.msg import GroundedObject, PlanStep, SceneAnswer
from r1_ros.runtime.errors import BadMessageError

MAX_PLAN_STEPS = 1000
_UPRIGHT = 1 - 1e-6  # cosine of the tilt


def object_message(box: Box, object_id: str) -> GroundedObject:
    """The message of a box."""
    x, y, z = (float(value) for value in box.center)
    turned = Quaternion(z=math.sin(box.yaw / 2), w=math.cos(box.yaw / 2))
    return GroundedObject(
        id=object_id,
        label=box.label,
        description=box.description,
        pose=Pose(position=Point(x=x, y=y, z=z), orientation=turned),
        size=_vector(box.size),
        score=float(box.score),
    )


def box_from_message(message: GroundedObject) -> Box:
    """The box of a message: one that is turned about z by less than a half right angle, and the
    axis-aligned box around one that is tilted.

    Raises:
        BadMessageError: NaN, infinity, no rotation, or a negative size.
    """
    size = np.array([message.size.x, message.size.y, message.size.z])
    _require_size(size, f"object {message.id or message.label!r}")
    T = pose_from_message(message.pose)
    q = message.pose.orientation
    R = rotation_from_quaternion(np.array([q.x, q.y, q.z, q.w]))
    yaw = 0.0
    if abs(R[2, 2]) > _UPRIGHT:
        # sides have no names: a quarter turn only swaps them
        whole = math.atan2(R[1, 0], R[0, 0])
        yaw = math.remainder(whole, math.pi / 2)
        R = turn(whole - yaw)[:3, :3].round()
    return Box(
        center=T[:3, 3],
        size=np.abs(R) @ size,
        label=message.label,
        description=message.description,
        score=float(message.score),
        yaw=yaw,
    )


def point_and_size(point: Point, size: Vector3) -> Box:
    """A nameless box from its centre and edge lengths.

    Raises:
        BadMessageError: NaN, infinity or a negative size.
    """
    center = np.array([point.x, point.y, point.z])
    if not np.isfinite(center).all():
        raise BadMessageError("bad box", f"its centre is {center.tolist()}, not finite")
    edges = np.array([size.x, size.y, size.z])
    _require_size(edges, "the box")
    return Box(center, edges)


def step_message(step: Step, object_ids: Sequence[str]) -> PlanStep:
    """The message of a step.

    Args:
        step: of a plan.
        object_ids: one for each of `step.boxes`.
    """
    return PlanStep(
        index=step.index,
        action=step.action,
        object=step.labels[0] if step.labels else "",
        arguments=list(step.labels),
        text=step.text,
        targets=[
            object_message(box, object_id)
            for box, object_id in zip(step.boxes, object_ids, strict=True)
        ],
        assumed=step.assumed,
    )


def step_from_message(message: PlanStep) -> Step:
    """The step of a message; `object` alone will do for a client that leaves `arguments` empty.

    Raises:
        BadMessageError: a target is no box.
    """
    boxes = tuple(box_from_message(target) for target in message.targets)
    labels = tuple(message.arguments) or tuple(box.label for box in boxes)
    if message.object and message.object not in labels[:1]:
        labels = (message.object, *labels)
    return Step(message.index, message.action, labels, boxes, message.text, message.assumed)


def steps_from_messages(messages: Sequence[PlanStep]) -> list[Step]:
    """The steps of a plan, numbered by their position.

    Raises:
        BadMessageError: too many steps, or a target is no box; the message says which step.
    """
    if len(messages) > MAX_PLAN_STEPS:
        raise BadMessageError(
            "plan too long", f"{len(messages)} steps, at most {MAX_PLAN_STEPS} are carried out"
        )
    steps = []
    for position, message in enumerate(messages, 1):
        try:
            step = step_from_message(message)
        except BadMessageError as error:
            raise BadMessageError("bad step", f"step {position}: {error}") from None
        steps.append(replace(step, index=position))
    return steps


def answer_message(
    answer: Answer,
    question: str,
    *,
    session_id: str,
    stamp: int,
    frame_id: str,
    object_ids: Sequence[str],
    step_ids: Sequence[Sequence[str]],
) -> SceneAnswer:
    """The message of an answer.

    A plan's text for people is made from its steps: whatever the model wrote around them must not
    claim that it is done (`raw` keeps it). What else was asked is answered below it.

    Args:
        answer: of the model.
        question: as it was asked.
        session_id: of the dialogue; empty: none.
        stamp: of the newest data in the scene, nanoseconds.
        frame_id: the scene frame.
        object_ids: one for each of `answer.boxes`.
        step_ids: for each of `answer.steps`, one id for each of its boxes.
    """
    return SceneAnswer(
        header=header_message(stamp, frame_id),
        session_id=session_id,
        question=question,
        task=answer.task,
        language=answer.language,
        thinking=answer.thinking,
        answer=_text(answer),
        raw=answer.raw,
        objects=[
            object_message(box, object_id)
            for box, object_id in zip(answer.boxes, object_ids, strict=True)
        ],
        steps=[step_message(step, ids) for step, ids in zip(answer.steps, step_ids, strict=True)],
        unread=list(answer.unread),
        view_ids=list(answer.view_ids),
        model=answer.model,
        trained=answer.trained,
        first_token_seconds=float(answer.first_token_seconds),
        total_seconds=float(answer.total_seconds),
    )


def _text(answer: Answer) -> str:
    if not answer.steps:
        return answer.answer
    why = withheld_text(answer.withheld, answer.language)
    parts = (planned_text(answer.steps, answer.language), why, answer.said)
    return "\n".join(filter(None, parts))


def _vector(values: np.ndarray) -> Vector3:
    x, y, z = (float(value) for value in values)
    return Vector3(x=x, y=y, z=z)


def _require_size(size: np.ndarray, name: str) -> None:
    if not all(math.isfinite(edge) and edge >= 0 for edge in size):
        raise BadMessageError("bad box", f"{name} has the size {size.tolist()}")
