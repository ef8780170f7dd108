"""Answers and plans as plain data, for a browser or an agent: short names, lists, no NaN."""

from __future__ import annotations

import math
import unicodedata
from typing import Any

from geometry_msgs.msg import Pose, Vector3

from r1_ros.msg import GroundedObject, KnownObject, PlanStep, SceneAnswer

_MOST_CHARACTERS = 20_000
# Control, format (zero width, direction, tags), surrogates, private use, unassigned: a reader does
# not see them, a language model reads them.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})


def visible_text(text: str, most: int = _MOST_CHARACTERS) -> str:
    """What a person would see of a text that came from images or a model, at most `most` long."""
    kept = (c for c in text if c in "\n\t" or unicodedata.category(c) not in _UNSEEN)
    return "".join(kept)[:most]


def object_data(message: GroundedObject) -> dict[str, Any]:
    """An object: id, label, description, centre and size [m], orientation (x y z w), score."""
    return {
        "id": visible_text(message.id),
        "label": visible_text(message.label),
        "description": visible_text(message.description),
        **_box_data(message.pose, message.size),
        "score": _number(message.score),
    }


def known_data(message: KnownObject) -> dict[str, Any]:
    """A thing that the robot knows of: under an id that lasts, with its relations to others."""
    return {
        "id": visible_text(message.id),
        "label": visible_text(message.label),
        "synonyms": [visible_text(name) for name in message.synonyms],
        **_box_data(message.pose, message.size),
        "score": _number(message.score),
        "room": visible_text(message.room),
        "relations": [
            {"relation": relation.relation, "object_id": visible_text(relation.object_id)}
            for relation in message.relations
        ],
        "last_seen": message.last_seen.sec,
        "moved": message.moved,
        "gone": message.gone,
    }


def step_data(message: PlanStep) -> dict[str, Any]:
    """A step: its call, its sentence, where it acts."""
    return {
        "index": message.index,
        "action": visible_text(message.action),
        "object": visible_text(message.object),
        "arguments": [visible_text(name) for name in message.arguments],
        "text": visible_text(message.text),
        "targets": [object_data(target) for target in message.targets],
        "assumed": message.assumed,
    }


def answer_data(message: SceneAnswer) -> dict[str, Any]:
    """An answer with its boxes and steps; boxes are in `frame_id`, metres."""
    return {
        "question": visible_text(message.question),
        "task": message.task,
        "language": message.language,
        "answer": visible_text(message.answer),
        "thinking": visible_text(message.thinking),
        "objects": [object_data(item) for item in message.objects],
        "steps": [step_data(step) for step in message.steps],
        "unread": [visible_text(part) for part in message.unread],
        "frame_id": message.header.frame_id,
        "view_ids": [int(number) for number in message.view_ids],
        "model": message.model,
        "trained": message.trained,
        "first_token_seconds": _number(message.first_token_seconds),
        "total_seconds": _number(message.total_seconds),
    }


def _box_data(pose: Pose, size: Vector3) -> dict[str, Any]:
    center, turn = pose.position, pose.orientation
    return {
        "center": [_number(value) for value in (center.x, center.y, center.z)],
        "size": [_number(value) for value in (size.x, size.y, size.z)],
        "orientation": [_number(value) for value in (turn.x, turn.y, turn.z, turn.w)],
    }


def _number(value: float) -> float | None:
    return round(float(value), 4) if math.isfinite(value) else None
