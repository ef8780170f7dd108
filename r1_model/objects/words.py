"""What users say about objects in parameters: other names, own classes, which room is where."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from r1_model.errors import R1Error
from r1_model.objects.known_object import KnownObject

_HAN = re.compile(r"[\u3400-\u9fff]")


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
class ObjectClass:
    """A class of a user: things of a label, of some size.

    Attributes:
        name: of the class.
        label: what the detector calls them.
        low, high: metres, least and greatest longest side.
    """

    name: str
    label: str
    low: float = 0.0
    high: float = math.inf

    def holds(self, thing: KnownObject) -> bool:
        """Is the thing one of them?"""
        longest = float(thing.turned.size.max())
        return thing.label.casefold() == self.label.casefold() and self.low <= longest <= self.high


@dataclass(frozen=True)
class ObjectWords:
    """All of it.

    Attributes:
        synonyms: label -> other names.
        rooms: the first that holds a thing is its room.
        classes: of the user.
    """

    synonyms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    rooms: tuple[NamedRoom, ...] = ()
    classes: tuple[ObjectClass, ...] = ()

    def names(self, thing: KnownObject) -> list[str]:
        """What else a thing is called, by users first, then by answers; each once."""
        own = (one.name for one in self.classes if one.holds(thing))
        every = (*own, *self.synonyms.get(thing.label, ()), *thing.names)
        return [n for n in dict.fromkeys(every) if n.casefold() != thing.label.casefold()]

    def meant(self, text: str) -> str:
        """A question with labels in the place of the user's words, whole words alone."""
        return self._pattern.sub(lambda found: self._labels[found[0].casefold()], text)

    @cached_property
    def _labels(self) -> dict[str, str]:
        """Other name -> label, in small letters."""
        others = {n.casefold(): label for label, names in self.synonyms.items() for n in names}
        return others | {one.name.casefold(): one.label for one in self.classes}

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        longest_first = sorted(self._labels, key=len, reverse=True)
        words = (
            re.escape(name) if _HAN.search(name) else rf"(?<!\w){re.escape(name)}(?!\w)"
            for name in longest_first
        )
        return re.compile("|".join(words) or r"(?!)", re.IGNORECASE)

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


def read_classes(text: str) -> tuple[ObjectClass, ...]:
    """`kettlebell: ball 0.1 0.4; dock: box` -> classes: a label, and from and to how long [m].

    Raises:
        ObjectWordsError: no label, or not two sizes of which the second is the larger one.
    """
    classes = []
    for name, rest in _parts("object_classes", text):
        words = rest.split()
        sizes: list[float] = []
        while words and (size := _number(words[-1])) is not None:
            sizes.insert(0, size)
            words.pop()
        if not words or len(sizes) not in (0, 2):
            raise ObjectWordsError(
                f"object_classes: {name!r} needs a label and perhaps two sizes, "
                f"got {rest.strip()!r}"
            )
        low, high = sizes or (0.0, math.inf)
        if not 0 <= low < high:
            raise ObjectWordsError(f"object_classes: {name!r} is from {low} to {high} m long")
        classes.append(ObjectClass(name, " ".join(words), low, high))
    return tuple(classes)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


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
