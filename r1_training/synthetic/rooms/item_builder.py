"""Items of a room under construction, and the pen that draws them from primitives.

Scalars and tuples are kept until the end: numpy on single numbers would dominate the cost.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import NamedTuple

from r1_training.synthetic.rooms.elements import (
    BOX,
    CHECKER,
    CYLINDER,
    GRAIN,
    PLAIN,
    SPECKLE,
    SPHERE,
    TUBE,
)
from r1_training.synthetic.rooms.rng import Dice

RGB = tuple[float, float, float]


class Look(NamedTuple):
    """How a surface looks; fields as in `elements.Primitives`."""

    color: RGB
    color2: RGB
    texture: int = PLAIN
    scale: float = 0.1
    emissive: float = 0.0
    gloss: float = 0.0


class Row(NamedTuple):
    """One primitive in the room frame: centre, full size, turn about z after a tilt about x."""

    kind: int
    x: float
    y: float
    z: float
    w: float
    d: float
    h: float
    turn: float
    tilt: float
    taper: float
    look: Look
    instance: int


@dataclass
class Surface:
    """A rectangle in an item's local frame that things may be put on or in.

    Attributes:
        x, y: centre; z: height; w, d: extent, metres.
        clear: free height above it, metres.
        relation: "on" or "in".
        level, levels: shelf level (1 is the top) and how many there are; None without levels.
        taken: rectangles (x, y, half width, half depth) that are in use.
    """

    x: float
    y: float
    z: float
    w: float
    d: float
    clear: float
    relation: str = "on"
    level: int | None = None
    levels: int | None = None
    taken: list[tuple[float, float, float, float]] = field(default_factory=list)


@dataclass
class Item:
    """An object while the room is being built, in the room frame (metres, radians)."""

    category: str
    shape: str
    color: str
    material: str
    look: Look
    states: dict[str, str]
    w: float
    d: float
    h: float
    id: int = 0
    x: float = 0.0
    y: float = 0.0
    z: float = 0.0
    yaw: float = 0.0
    parent: Item | None = None
    relation: str = "floor"
    level: int | None = None
    levels: int | None = None
    surfaces: list[Surface] = field(default_factory=list)
    part: int = 0

    def to_room(self, x: float, y: float) -> tuple[float, float]:
        """A local point of the item in the room frame."""
        c, s = math.cos(self.yaw), math.sin(self.yaw)
        return self.x + c * x - s * y, self.y + s * x + c * y


class Pen:
    """Draws primitives in an item's local frame; every `z` is the bottom of the primitive."""

    def __init__(self, rows: list[Row], item: Item, dice: Dice) -> None:
        self.item = item
        self.dice = dice
        self._rows = rows
        self._cos, self._sin = math.cos(item.yaw), math.sin(item.yaw)
        self._lying = item.states.get("pose") == "tipped"

    def _add(
        self,
        kind: int,
        x: float,
        y: float,
        z: float,
        w: float,
        d: float,
        h: float,
        look: Look | None,
        turn: float,
        tilt: float,
        taper: float,
    ) -> None:
        item = self.item
        z += h / 2
        if self._lying:  # the whole thing turns by 90 degrees about local x and rests on its side
            y, z = item.h / 2 - z, y + item.d / 2
            tilt += math.pi / 2
        self._rows.append(
            Row(
                kind,
                item.x + self._cos * x - self._sin * y,
                item.y + self._sin * x + self._cos * y,
                item.z + z,
                w,
                d,
                h,
                item.yaw + turn,
                tilt,
                taper,
                look or item.look,
                item.id,
            )
        )

    def box(
        self,
        x: float,
        y: float,
        z: float,
        w: float,
        d: float,
        h: float,
        look: Look | None = None,
        turn: float = 0.0,
        tilt: float = 0.0,
    ) -> None:
        """A cuboid; `tilt` (about local x) comes before `turn` (about z), both about its centre."""
        self._add(BOX, x, y, z, w, d, h, look, turn, tilt, 1.0)

    def cylinder(
        self,
        x: float,
        y: float,
        z: float,
        w: float,
        d: float,
        h: float,
        look: Look | None = None,
        taper: float = 1.0,
        turn: float = 0.0,
        tilt: float = 0.0,
    ) -> None:
        """A solid cylinder or cone frustum: diameters w, d below and taper times that above."""
        self._add(CYLINDER, x, y, z, w, d, h, look, turn, tilt, taper)

    def disc(
        self, x: float, y: float, z: float, across: float, thick: float, look: Look | None = None
    ) -> None:
        """A flat cylinder that faces the front; x, y, z is its centre."""
        self._add(
            *(CYLINDER, x, y, z - thick / 2, across, across, thick, look, 0.0, math.pi / 2, 1.0)
        )

    def rod(
        self, x: float, y: float, z: float, length: float, thick: float, look: Look | None = None
    ) -> None:
        """A cylinder along local x; x, y, z is its centre."""
        half = math.pi / 2
        self._add(CYLINDER, x, y, z - length / 2, thick, thick, length, look, half, half, 1.0)

    def tube(
        self,
        x: float,
        y: float,
        z: float,
        w: float,
        d: float,
        h: float,
        look: Look | None = None,
        taper: float = 1.0,
    ) -> None:
        """The side of a cylinder alone, seen from both sides."""
        self._add(TUBE, x, y, z, w, d, h, look, 0.0, 0.0, taper)

    def ball(
        self,
        x: float,
        y: float,
        z: float,
        w: float,
        d: float,
        h: float,
        look: Look | None = None,
        turn: float = 0.0,
        tilt: float = 0.0,
    ) -> None:
        """An ellipsoid."""
        self._add(SPHERE, x, y, z, w, d, h, look, turn, tilt, 1.0)


def shade(look: Look, factor: float) -> Look:
    """The same look, lighter or darker."""
    return look._replace(color=scaled(look.color, factor), color2=scaled(look.color2, factor))


def pale(rgb: RGB, white: float) -> RGB:
    """A colour mixed with a share of white."""
    r, g, b = (white + (1 - white) * c for c in rgb)
    return r, g, b


def scaled(rgb: RGB, factor: float) -> RGB:
    """A colour, lighter or darker."""
    r, g, b = (min(1.0, c * factor) for c in rgb)
    return r, g, b


def plain(r: float, g: float, b: float, emissive: float = 0.0, gloss: float = 0.0) -> Look:
    """One colour without texture."""
    return Look((r, g, b), (r, g, b), PLAIN, 0.1, emissive, gloss)


DARK = plain(0.05, 0.05, 0.06)
STEEL = plain(0.72, 0.73, 0.75)
BULB = plain(1.0, 0.95, 0.75, emissive=1.0)


def material_look(dice: Dice, rgb: RGB, material: str) -> Look:
    """The texture that goes with a material, in a sampled colour."""

    def second(low: float, high: float) -> RGB:
        return scaled(rgb, dice.uniform(low, high))

    if material == "wood":
        return Look(rgb, second(0.78, 0.95), GRAIN, dice.uniform(0.03, 0.1))
    if material in ("fabric", "leaves"):
        return Look(rgb, second(0.84, 0.97), SPECKLE, dice.uniform(0.01, 0.05))
    if material == "stone":
        return Look(rgb, second(0.75, 1.3), SPECKLE, dice.uniform(0.01, 0.03), 0.0, 0.1)
    if material == "wicker":
        return Look(rgb, second(0.5, 0.7), CHECKER, dice.uniform(0.015, 0.03))
    gloss = {"glass": 0.3, "metal": 0.12, "water": 0.45, "ceramic": 0.05}.get(material, 0.0)
    return Look(rgb, rgb, PLAIN, 0.1, 0.0, gloss)
