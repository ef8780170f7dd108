"""What a replay brought, as plain values: the JSON that is scored and compared."""

from __future__ import annotations

import hashlib
import json
import math
from typing import Any

import numpy as np

from r1_model.scene.scene import Scene
from r1_ros.demo.outcome import Outcome
from r1_ros.evaluation.scenario import KnownObject, TimedQuestion
from r1_ros.evaluation.seen import shares
from r1_ros.runtime.request_errors import code_name

_DIGITS = 4  # metres to a tenth of a millimetre: what float32 holds of a room


def answer_record(
    timed: TimedQuestion, outcome: Outcome, scene: Scene, objects: dict[str, KnownObject]
) -> dict[str, Any]:
    """One question with its answer and what was expected.

    Args:
        timed: what was asked.
        outcome: what came back.
        scene: the map that it was answered from.
        objects: what stands in the room.
    """
    answer = outcome.answer
    chosen = list(answer.view_ids) if answer is not None else []
    about = [(objects[name].center, objects[name].size) for name in timed.objects]
    return {
        "id": timed.id,
        "at": timed.at if math.isfinite(timed.at) else None,
        "task": timed.question.task,
        "question": timed.question.text,
        "answer": "" if answer is None else answer.answer,
        "language": outcome.language,
        "objects": [] if answer is None else [_object(item) for item in answer.objects],
        "steps": [] if answer is None else [_step(step) for step in answer.steps],
        "views": chosen,
        "view_shares": shares(scene.views, chosen, about),
        "error": outcome.error,
        "code": code_name(outcome.code),
        "fault": outcome.is_fault,
        "seconds": outcome.seconds,
        "expected": {
            "answers": list(timed.question.expected),
            "objects": [_known(name, objects[name]) for name in timed.objects],
            "steps": [
                {"action": step[0], "objects": [_known(name, objects[name]) for name in step[1:]]}
                for step in timed.steps
            ],
        },
    }


def scene_record(scene: Scene) -> dict[str, Any]:
    """The map: how large, and a digest of its points, colours and views."""
    digest = hashlib.blake2b(digest_size=16)
    for part in (scene.points, scene.colors):
        digest.update(np.ascontiguousarray(part).tobytes())
    for view in scene.views:
        digest.update(view.picture)
        digest.update(view.T_scene_camera.round(9).tobytes())
    low, high = scene.bounds() if len(scene.points) else (np.zeros(3), np.zeros(3))
    return {
        "points": len(scene.points),
        "keyframes": len(scene.views),
        "frame": scene.frame_id,
        "low": _metres(low),
        "high": _metres(high),
        "digest": digest.hexdigest(),
    }


def digest_of(record: dict[str, Any]) -> str:
    """A digest of all that must be the same when the same bag is evaluated again.

    Times are not part of it: they are the machine's.
    """
    answers = [
        {key: value for key, value in row.items() if key != "seconds"} for row in record["answers"]
    ]
    same = {"answers": answers, "map": record["map"], "messages": record["play"]["messages"]}
    text = json.dumps(same, sort_keys=True, ensure_ascii=False)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _metres(values: np.ndarray) -> list[float]:
    return [round(float(value), _DIGITS) for value in values]


def _known(name: str, item: KnownObject) -> dict[str, Any]:
    return {
        "id": name,
        "label": item.label,
        "center": _metres(item.center),
        "size": _metres(item.size),
    }


def _object(item: Any) -> dict[str, Any]:
    position, q, size = item.pose.position, item.pose.orientation, item.size
    return {
        "label": item.label,
        "center": _metres(np.array([position.x, position.y, position.z])),
        "size": _metres(np.array([size.x, size.y, size.z])),
        "orientation": _metres(np.array([q.x, q.y, q.z, q.w])),
        "description": item.description,
    }


def _step(step: Any) -> dict[str, Any]:
    return {
        "action": step.action,
        "arguments": list(step.arguments),
        "objects": [_object(item) for item in step.targets],
        "text": step.text,
    }
