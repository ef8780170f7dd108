"""One category of objects, and the words that rooms and states are called by."""

from __future__ import annotations

from dataclasses import dataclass, field

from r1_training.synthetic.rooms.palette import COLORS, MATERIALS

Range = tuple[float, float]

ROOM_TYPES: tuple[str, ...] = (
    "living room",
    "bedroom",
    "kitchen",
    "dining room",
    "study",
    "bathroom",
    "office",
)

# Part of the random seed: rooms of two splits never share a stream, whatever their seeds.
SPLITS: dict[str, int] = {"train": 0, "val": 1, "test": 2}

STATES: dict[str, tuple[str, ...]] = {
    "power": ("on", "off"),
    "opening": ("open", "closed"),
    "bedding": ("made", "messy"),
    "pose": ("upright", "tipped"),
}


@dataclass(frozen=True)
class Category:
    """One kind of object.

    Attributes:
        name: its key, plain English, singular.
        kind: "furniture" (stands on the floor), "wall" (hangs on or is part of a wall), "small"
            (stands on furniture or the floor) or "region" (flat on the floor).
        shapes, colors, materials: what a sample may be; colours are keys of `palette.COLORS`.
        width, depth, height: ranges along local x, y, z, metres. The front faces local -y.
        states: names of the states it has; each has the values in `STATES`.
        supports: things may stand on it (relation "on").
        contains: things may be inside (relation "in").
        graspable: a robot's gripper can take it.
        hypernym: a wider word for it; equal to `name` where there is none.
        parents: categories it may stand on or in, besides the floor and the walls.
    """

    name: str
    kind: str
    width: Range
    depth: Range
    height: Range
    colors: tuple[str, ...]
    materials: tuple[str, ...]
    shapes: tuple[str, ...] = ("plain",)
    states: tuple[str, ...] = ()
    supports: bool = False
    contains: bool = False
    graspable: bool = False
    hypernym: str = ""
    parents: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        object.__setattr__(self, "hypernym", self.hypernym or self.name)
        unknown = (
            (set(self.colors) - set(COLORS))
            | (set(self.materials) - set(MATERIALS))
            | (set(self.states) - set(STATES))
        )
        if unknown:
            raise ValueError(f"category {self.name!r} names unknown entries: {sorted(unknown)}")
