"""Floor, walls and ceiling of a room of meshes, with photographed surfaces, and its light."""

from __future__ import annotations

import colorsys

from r1_training.synthetic.household.builder import HouseholdBuilder
from r1_training.synthetic.household.drawing.instances import BOX
from r1_training.synthetic.rooms.item_builder import RGB, Item, Pen, plain
from r1_training.synthetic.rooms.placement import at_wall, wall_length

THICK = 0.08
_FLOORS: dict[str, float] = {
    "WoodFloor": 5,
    "Planks": 3,
    "Tiles": 4,
    "Carpet": 3,
    "Terrazzo": 1,
    "Concrete": 1,
}
_FLOORS |= {"Marble": 1, "Cork": 0.5, "Tatami": 0.3}
_WALLS = {"Plaster": 2, "Paint": 2, "Wallpaper": 1.5, "Concrete": 0.7, "Bricks": 0.7, "": 6}
_WET_WALLS: dict[str, float] = {"Tiles": 4, "Marble": 1, "Plaster": 2, "": 2}


def build_shell(b: HouseholdBuilder) -> None:
    """Floor, three or four walls, perhaps a ceiling: instance 0."""
    dice, w, d, h = b.dice, b.width, b.depth, b.height
    slab = Pen(b.rows, Item("structure", "", "", "", plain(0.4, 0.4, 0.4), {}, 0, 0, 0), dice)
    slab.box(0, 0, -2 * THICK, w + 2 * THICK, d + 2 * THICK, THICK)  # what the flooring lies on
    floor = _surface(b, _FLOORS, (0.3, 0.85))
    wall = _surface(b, _WET_WALLS if b.room_type == "bathroom" else _WALLS, (0.6, 1.0))
    _box(b, (0, 0, -THICK), (w + 2 * THICK, d + 2 * THICK, THICK), 0.0, floor)
    skip = dice.integer(0, 3) if dice.chance(0.2) else -1
    strip = None if dice.chance(0.4) else dice.pick(((0.9, 0.89, 0.86), (0.35, 0.27, 0.2)))
    other = _surface(b, _WALLS, (0.5, 1.0)) if dice.chance(0.3) else wall  # one wall of its own
    own = dice.integer(0, 3)
    for k in range(4):
        length = wall_length(b, k)
        if k == skip:
            b.open_wall = k
            _beyond(b, k, floor, wall)
            continue
        x, y, yaw = at_wall(b, k, 0.0, -THICK / 2)
        look = other if k == own else wall
        _box(b, (x, y, 0), (length + 2 * THICK, THICK, h), yaw, look)
        if strip is not None:
            x, y, yaw = at_wall(b, k, 0.0, 0.004)
            _box(b, (x, y, 0), (length, 0.008, 0.08), yaw, (strip, -1, 1.0))
    if dice.chance(0.6):
        ceiling = _surface(b, {"": 5, "OfficeCeiling": 1, "Paint": 1}, (0.85, 1.0))
        _box(b, (0, 0, h), (w, d, THICK), 0.0, ceiling)


Painted = tuple[RGB, int, float]  # colour, texture, metres a tile


def _surface(b: HouseholdBuilder, groups: dict[str, float], value: tuple[float, float]) -> Painted:
    """A photographed surface in about its own colour, or a plain one where none is packed."""
    dice, pack = b.dice, b.pack
    known = {g: n for g, n in groups.items() if g == "" or g in pack.texture_groups} or {"": 1.0}
    group = dice.weighted(known)
    if group:
        tile = dice.pick(pack.texture_groups[group])
        bright = dice.uniform(0.8, 1.2)
        mean = pack.texture_means[tile].tolist()
        if group in ("Plaster", "Paint", "Wallpaper") and dice.chance(0.6):
            mean = _tinted(dice, value)
        return tuple(min(1.0, c * bright) for c in mean), tile, dice.uniform(0.5, 1.6)
    return _tinted(dice, value), -1, 1.0


def _tinted(dice, value: tuple[float, float]) -> RGB:
    saturation = dice.uniform(0.0, 0.12) if dice.chance(0.75) else dice.uniform(0.12, 0.5)
    hue = dice.uniform(0.05, 0.15) if dice.chance(0.5) else dice.random()
    return colorsys.hsv_to_rgb(hue, saturation, dice.uniform(*value))


def _beyond(b: HouseholdBuilder, wall: int, floor: Painted, look: Painted) -> None:
    """What one sees where a wall is missing: more floor, and a wall further away."""
    deep, length = b.dice.uniform(1.5, 3.0), wall_length(b, wall) + 2.0
    x, y, yaw = at_wall(b, wall, 0.0, -deep / 2 - THICK)
    _box(b, (x, y, -THICK), (length, deep, THICK), yaw, floor)
    x, y, yaw = at_wall(b, wall, 0.0, -deep - THICK)
    _box(b, (x, y, 0), (length, THICK, b.height), yaw, look)


def _box(
    b: HouseholdBuilder,
    at: tuple[float, float, float],
    size: tuple[float, float, float],
    yaw: float,
    painted: Painted,
) -> None:
    color, tile, scale = painted
    b.put(BOX, at, size, yaw, color, tile, scale)


def add_daylight(b: HouseholdBuilder) -> RGB:
    """Lamps and daylight of mixed colours; returns the ambient colour."""
    dice = b.dice
    cast = dice.pick(((1.0, 1.0, 1.0), (1.0, 0.9, 0.75), (0.88, 0.95, 1.0), (1.0, 0.95, 0.88)))
    strength = dice.uniform(0.3, 1.5)
    for _ in range(dice.integer(1, 2)):
        red, green, blue = (strength * c for c in cast)
        b.lights.append(
            (
                b.width * dice.uniform(-0.35, 0.35),
                b.depth * dice.uniform(-0.35, 0.35),
                b.height - 0.15,
                (red, green, blue),
            )
        )
    for item in b.items:
        if item.category in ("lamp", "floor lamp") and item.states.get("power") == "on":
            b.lights.append((item.x, item.y, item.z + item.h + 0.05, (0.9, 0.75, 0.45)))
    ambient = dice.uniform(0.42, 0.75)
    red, green, blue = (ambient * (0.4 + 0.6 * c) for c in cast)
    return red, green, blue
