"""An `ObjectMemory` as JSON: the scene graph for others, and the file that a restart reads."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from r1_model.errors import R1Error
from r1_model.objects.known_object import KnownObject, OrientedBox
from r1_model.objects.memory import ID_PREFIX, ObjectMemory
from r1_model.objects.place import Place
from r1_model.objects.relations import Relation

VERSION = 1


class ObjectFileError(R1Error, ValueError):
    """A file of objects is missing or damaged; the message names it and the field."""


def memory_to_json(memory: ObjectMemory, relations: Sequence[Relation] = ()) -> dict[str, Any]:
    """Plain data: nodes are the objects, edges the relations. Lengths in metres, stamps in ns."""
    return {
        "version": VERSION,
        "frame_id": memory.frame_id,
        "stamp": memory.stamp,
        "named": memory.named,
        "objects": [_object_to_json(thing) for thing in memory.objects],
        "relations": [[r.subject, r.name, r.other] for r in relations],
        "arrivals": [list(pair) for pair in memory.arrivals.items()],
    }


def memory_from_json(data: Any) -> ObjectMemory:
    """The memory of `memory_to_json`; relations are found anew.

    Raises:
        ObjectFileError: a field is missing or has a value that is not allowed.
    """
    try:
        if data["version"] != VERSION:
            raise ObjectFileError(f"objects of format {data['version']!r}, not {VERSION}")
        objects = tuple(_object_from_json(item) for item in data["objects"])
        memory = ObjectMemory(
            objects=objects,
            named=int(data["named"]),
            arrivals={int(stamp): int(number) for stamp, number in data["arrivals"]},
            stamp=int(data["stamp"]),
            frame_id=str(data["frame_id"]),
        )
    except ObjectFileError:
        raise
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise ObjectFileError(f"not objects: {type(error).__name__}: {error}") from None
    numbers = [int(thing.id.removeprefix(ID_PREFIX)) for thing in objects]
    if len(set(numbers)) < len(numbers) or max(numbers, default=0) > memory.named:
        raise ObjectFileError(f"ids are given twice, or above {memory.named}: {numbers[:20]}")
    return memory


def write_objects(path: Path, memory: ObjectMemory, place: Place) -> None:
    """Write a memory with the place that it is of, its points in millimetres, in one step.

    Raises:
        ObjectFileError: disk full, permissions.
    """
    points = np.rint(place.points * 1000).astype(int).tolist()
    data = {**memory_to_json(memory), "place": {"floor": place.floor, "points": points}}
    temporary = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(json.dumps(data), encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        raise ObjectFileError(f"cannot write {path}: {error.strerror or error}") from None


def read_objects(path: Path) -> tuple[ObjectMemory, Place]:
    """Memory and place of `write_objects`.

    Raises:
        ObjectFileError: missing or damaged.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        points = np.array(data["place"]["points"], np.float64).reshape(-1, 3) / 1000
        place = Place(points, float(data["place"]["floor"]))
        if not (np.isfinite(points).all() and math.isfinite(place.floor)):
            raise ObjectFileError(f"{path} is damaged: a place without numbers")
        return memory_from_json(data), place
    except ObjectFileError:
        raise
    except OSError as error:
        raise ObjectFileError(f"cannot read {path}: {error.strerror or error}") from None
    except (KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise ObjectFileError(f"{path} is damaged: {type(error).__name__}: {error}") from None


def _object_to_json(thing: KnownObject) -> dict[str, Any]:
    return {
        "id": thing.id,
        "label": thing.label,
        "names": list(thing.names),
        "votes": dict(thing.votes),
        "center": thing.center.tolist(),
        "size": thing.size.tolist(),
        "turned": {
            "center": thing.turned.center.tolist(),
            "size": thing.turned.size.tolist(),
            "yaw": thing.turned.yaw,
        },
        "score": thing.score,
        "color": _plain(thing.color),
        "fill": _plain(thing.fill),
        "first_seen": thing.first_seen,
        "last_seen": thing.last_seen,
        "order": thing.order,
        "sightings": thing.sightings,
        "misses": thing.misses,
        "moved_at": thing.moved_at,
        "previous": None if thing.previous is None else thing.previous.tolist(),
        "gone": thing.gone,
    }


def _object_from_json(data: Mapping[str, Any]) -> KnownObject:
    name, votes = str(data["id"]), {str(k): float(v) for k, v in data["votes"].items()}
    if not name.removeprefix(ID_PREFIX).isdecimal():
        raise ObjectFileError(f"{name[:40]!r} is no id of an object")
    if not votes or not all(math.isfinite(v) and v >= 0 for v in votes.values()):
        raise ObjectFileError(f"{name} has the votes {votes}")
    turned = data["turned"]
    return KnownObject(
        id=name,
        center=_vector(data, "center"),
        size=_vector(data, "size"),
        turned=OrientedBox(
            _vector(turned, "center"), _vector(turned, "size"), float(turned["yaw"])
        ),
        label=str(data["label"]),
        votes=votes,
        score=float(data["score"]),
        color=np.array([np.nan if c is None else c for c in data["color"]], float).reshape(3),
        fill=float("nan") if data["fill"] is None else float(data["fill"]),
        first_seen=int(data["first_seen"]),
        last_seen=int(data["last_seen"]),
        order=int(data["order"]),
        names=tuple(str(other) for other in data["names"]),
        sightings=int(data["sightings"]),
        misses=int(data["misses"]),
        moved_at=int(data["moved_at"]),
        previous=None if data["previous"] is None else _vector(data, "previous"),
        gone=bool(data["gone"]),
    )


def _vector(data: Mapping[str, Any], name: str) -> np.ndarray:
    vector = np.array(data[name], np.float64).reshape(3)
    if not np.isfinite(vector).all() or ("size" in name and (vector < 0).any()):
        raise ObjectFileError(f"{name} is {vector.tolist()}")
    return vector


def _plain(value: np.ndarray | float) -> Any:
    """JSON has no NaN."""
    if isinstance(value, np.ndarray):
        return [_plain(float(item)) for item in value]
    return value if math.isfinite(value) else None
