"""Known objects as messages, and as the JSON of a scene graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from geometry_msgs.msg import Point, Pose, Quaternion, Vector3

from r1_model.objects.known_object import KnownObject
from r1_model.objects.memory import ObjectMemory
from r1_model.objects.object_file import memory_to_json
from r1_model.objects.relations import Relation
from r1_model.objects.words import ObjectWords
from r1_ros.messages.geometry import header_message, time_message
from r1_ros.msg import KnownObject as KnownObjectMessage
from r1_ros.msg import KnownObjects, ObjectRelation


def known_objects_message(
    memory: ObjectMemory,
    relations: Sequence[Relation],
    words: ObjectWords,
    *,
    map_id: int = 0,
    revision: int = 0,
    label: str = "",
    include_gone: bool = True,
) -> KnownObjects:
    """The message of what is known.

    Args:
        memory: all things.
        relations: between those that are there.
        words: what users say about them.
        map_id, revision: of the map that they were last looked for in.
        label: only those called so, by label or another name; empty: all.
        include_gone: also those that are gone.
    """
    chosen = [
        thing
        for thing in memory.objects
        if (include_gone or not thing.gone) and (not label or is_called(thing, label, words))
    ]
    return KnownObjects(
        header=header_message(memory.stamp, memory.frame_id),
        map_id=map_id,
        revision=revision,
        objects=[known_object_message(thing, relations, words) for thing in chosen],
    )


def known_object_message(
    thing: KnownObject, relations: Sequence[Relation], words: ObjectWords
) -> KnownObjectMessage:
    """The message of one thing; `relations` may be those of all."""
    moved = thing.previous is not None
    return KnownObjectMessage(
        id=thing.id,
        label=thing.label,
        synonyms=words.names(thing),
        pose=_pose(thing.turned.center, thing.turned.yaw),
        size=_vector(thing.turned.size),
        score=float(thing.score),
        room=words.room(thing),
        relations=[
            ObjectRelation(relation=r.name, object_id=r.other)
            for r in relations
            if r.subject == thing.id
        ],
        first_seen=time_message(thing.first_seen),
        last_seen=time_message(thing.last_seen),
        sightings=thing.sightings,
        moved=moved,
        moved_at=time_message(thing.moved_at),
        previous_pose=Pose() if thing.previous is None else _pose(thing.previous, 0.0),
        gone=thing.gone,
    )


def is_called(thing: KnownObject, name: str, words: ObjectWords) -> bool:
    """Is this a thing's label or one of its other names?"""
    wanted = " ".join(name.split()).casefold()
    return wanted in {other.casefold() for other in (thing.label, *words.names(thing))}


def scene_graph(
    memory: ObjectMemory, relations: Sequence[Relation], words: ObjectWords
) -> dict[str, Any]:
    """Plain data for JSON: `object_file.memory_to_json` with rooms and synonyms."""
    graph = memory_to_json(memory, relations)
    for node, thing in zip(graph["objects"], memory.objects, strict=True):
        node["synonyms"], node["room"] = words.names(thing), words.room(thing)
    return graph


def _pose(center: np.ndarray, yaw: float) -> Pose:
    x, y, z = (float(value) for value in center)
    half = yaw / 2
    turn = Quaternion(z=float(np.sin(half)), w=float(np.cos(half)))
    return Pose(position=Point(x=x, y=y, z=z), orientation=turn)


def _vector(values: np.ndarray) -> Vector3:
    x, y, z = (float(value) for value in values)
    return Vector3(x=x, y=y, z=z)
