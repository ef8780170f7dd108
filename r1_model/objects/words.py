"""What users say about objects in parameters: other names, and which room is where."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from r1_model.errors import R1Error
from r1_model.objects.known_object import KnownObject


class ObjectWordsError(R1Error, ValueError):
    """A parameter cannot be read; the message carries the part that is wrong."""


@dataclass(frozen=True)
class NamedRoom:
    """A room of the map, as a rectangle.

    Attributes:
        name: of the room.
        low, high: (2,) metres, corners in the scene frame.
    """

    name: str
    low: np.ndarray
    high: np.ndarray


@dataclass(frozen=True)
class ObjectWords:
    """Both.

    Attributes:
        synonyms: label -> other names.
        rooms: the first that holds a thing is its room.
    """

    synonyms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    rooms: tuple[NamedRoom, ...] = ()

    def names(self, thing: KnownObject) -> list[str]:
        """What else a thing is called, by users first, then by answers; each once."""
        every = (*self.synonyms.get(thing.label, ()), *thing.names)
        return [n for n in dict.fromkeys(every) if n.casefold() != thing.label.casefold()]

    def room(self, thing: KnownObject) -> str:
        """Name of the first room that a thing's centre lies in; empty: none is known."""
        for room in self.rooms:
            if (room.low <= thing.center[:2]).all() and (thing.center[:2] <= room.high).all():
                return room.name
        return ""


def read_synonyms(text: str) -> dict[str, tuple[str, ...]]:
    """`mug: cup, coffee mug; sofa: couch` -> label -> other names.

    Raises:
        ObjectWordsError: a part without label or names.
    """
    synonyms: dict[str, tuple[str, ...]] = {}
    for label, names in _parts("object_synonyms", text):
        others = tuple(dict.fromkeys(n.strip() for n in names.split(",") if n.strip()))
        if not others:
            raise ObjectWordsError(f"object_synonyms: {label!r} has no other name")
        synonyms[label] = others
    return synonyms


def read_rooms(text: str) -> tuple[NamedRoom, ...]:
    """`kitchen: 0 0 4 3; hall: 4 0 6 8` -> rooms, by lower and upper corner (x y x y), metres.

    Raises:
        ObjectWordsError: not four finite numbers, or the upper corner is not above the lower one.
    """
    rooms = []
    for name, numbers in _parts("rooms", text):
        try:
            corners = [float(number) for number in numbers.replace(",", " ").split()]
        except ValueError:
            corners = []
        if len(corners) != 4 or not all(map(math.isfinite, corners)):
            raise ObjectWordsError(f"rooms: {name!r} needs four numbers, got {numbers.strip()!r}")
        low, high = np.array(corners[:2]), np.array(corners[2:])
        if not (low < high).all():
            raise ObjectWordsError(f"rooms: {name!r} ends at {corners[2:]}, before {corners[:2]}")
        rooms.append(NamedRoom(name, low, high))
    return tuple(rooms)


def _parts(parameter: str, text: str) -> list[tuple[str, str]]:
    parts = []
    for part in filter(None, (part.strip() for part in text.split(";"))):
        name, colon, rest = part.partition(":")
        if not (colon and name.strip()):
            raise ObjectWordsError(f"{parameter}: {part!r} is not NAME: ...")
        parts.append((name.strip(), rest))
    return parts
