"""Floor, walls and ceiling of a room of meshes, with photographed surfaces, and its light."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass

from r1_training.synthetic.household.builder import HouseholdBuilder
from r1_training.synthetic.household.drawing.instances import BOX
from r1_training.synthetic.household.floor_plan import WALL, Opening
from r1_training.synthetic.rooms.item_builder import RGB, Item, Pen, plain
from r1_training.synthetic.rooms.placement import at_wall, extent, wall_length
from r1_training.synthetic.rooms.rng import Dice

THICK = WALL / 2
_LEAST_PIECE = 0.03  # metres of wall beside an opening that are worth drawing
_BEFORE, _AISLE = 0.45, 0.8  # metres before a way through: always free; free for people
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
_CEILINGS: dict[str, float] = {"": 5, "OfficeCeiling": 1, "Paint": 1}
_STRIPS: tuple[RGB, ...] = ((0.9, 0.89, 0.86), (0.35, 0.27, 0.2))
Painted = tuple[RGB, int, float]  # colour, texture, metres a tile


def build_shell(b: HouseholdBuilder) -> None:
    """Floor, three or four walls, perhaps a ceiling: instance 0."""
    dice, w, d, h = b.dice, b.width, b.depth, b.height
    _lay_slab(b)
    floor = _surface(b, _FLOORS, (0.3, 0.85))
    wall = _surface(b, _WET_WALLS if b.room_type == "bathroom" else _WALLS, (0.6, 1.0))
    _box(b, (0, 0, -THICK), (w + 2 * THICK, d + 2 * THICK, THICK), 0.0, floor)
    skip = dice.integer(0, 3) if dice.chance(0.2) else -1
    strip = None if dice.chance(0.4) else dice.pick(_STRIPS)
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
        ceiling = _surface(b, _CEILINGS, (0.85, 1.0))
        _box(b, (0, 0, h), (w, d, THICK), 0.0, ceiling)


def _lay_slab(b: HouseholdBuilder) -> None:
    """What the flooring lies on: the one primitive that every room has."""
    slab = Pen(b.rows, Item("structure", "", "", "", plain(0.4, 0.4, 0.4), {}, 0, 0, 0), b.dice)
    slab.box(0, 0, -2 * THICK, b.width + 2 * THICK, b.depth + 2 * THICK, THICK)


@dataclass(frozen=True)
class Surfaces:
    """What the rooms of a flat have in common; None where each has its own.

    Attributes:
        floor, wall: their surfaces.
        strip: colour of the skirting board; None for none.
        ceiling: surface of the ceiling; None for none.
    """

    floor: Painted | None
    wall: Painted | None
    strip: RGB | None
    ceiling: Painted | None


def draw_surfaces(b: HouseholdBuilder) -> Surfaces:
    """What the rooms of a flat have in common."""
    dice = b.dice
    strip = None if dice.chance(0.4) else dice.pick(_STRIPS)
    return Surfaces(
        _surface(b, _FLOORS, (0.3, 0.85)) if dice.chance(0.4) else None,
        _surface(b, _WALLS, (0.6, 1.0)) if dice.chance(0.5) else None,
        strip,
        _surface(b, _CEILINGS, (0.85, 1.0)) if dice.chance(0.6) else None,
    )


def build_part(b: HouseholdBuilder, common: Surfaces, openings: tuple[Opening, ...]) -> None:
    """Floor, walls with the ways through them, perhaps a ceiling of one room of a flat."""
    w, d, h = b.width, b.depth, b.height
    wet = b.room_type == "bathroom"
    _lay_slab(b)
    floor = (None if wet else common.floor) or _surface(b, _FLOORS, (0.3, 0.85))
    wall = None if wet else common.wall
    wall = wall or _surface(b, _WET_WALLS if wet else _WALLS, (0.6, 1.0))
    _box(b, (0, 0, -THICK), (w + 2 * THICK, d + 2 * THICK, THICK), 0.0, floor)
    for k in range(4):
        ways = sorted((o for o in openings if o.wall == k), key=lambda o: o.along)
        half = wall_length(b, k) / 2 + THICK
        edges = [(-half, 0.0), *((o.along, o.width / 2) for o in ways), (half, 0.0)]
        for (left, gone), (right, going) in zip(edges, edges[1:], strict=False):
            _piece(b, k, left + gone, right - going, 0.0, h, wall, common.strip)
        for way in ways:
            low, high = way.along - way.width / 2, way.along + way.width / 2
            if h - way.height > _LEAST_PIECE:
                _piece(b, k, low, high, way.height, h, wall, None)
            _keep_free(b, k, way)
    if common.ceiling is not None:
        _box(b, (0, 0, h), (w + 2 * THICK, d + 2 * THICK, THICK), 0.0, common.ceiling)


def _piece(
    b: HouseholdBuilder,
    wall: int,
    left: float,
    right: float,
    low: float,
    high: float,
    look: Painted,
    strip: RGB | None,
) -> None:
    """A piece of wall from `left` to `right` along it and from `low` to `high`."""
    if right - left < _LEAST_PIECE:
        return
    x, y, yaw = at_wall(b, wall, (left + right) / 2, -THICK / 2)
    _box(b, (x, y, low), (right - left, THICK, high - low), yaw, look)
    if strip is not None:
        x, y, yaw = at_wall(b, wall, (left + right) / 2, 0.004)
        _box(b, (x, y, 0), (right - left, 0.008, 0.08), yaw, (strip, -1, 1.0))


def _keep_free(b: HouseholdBuilder, wall: int, way: Opening) -> None:
    """Nothing stands or hangs in a way through, nor close before it."""
    for deep, kept in ((_BEFORE, b.occupied), (_AISLE, b.aisles)):
        if way.is_open and kept is b.aisles:
            continue  # one may pass a row of furniture in an open plan
        x, y, yaw = at_wall(b, wall, way.along, (deep - THICK) / 2)
        hx, hy = extent(way.width, deep + THICK, yaw)
        kept.append((x - hx, y - hy, 0.0, x + hx, y + hy, b.height))


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
    cast = draw_cast(dice)
    add_lamps(b, cast, dice.uniform(0.3, 1.5), dice.integer(1, 2))
    return ambient_light(dice, cast)


def draw_cast(dice: Dice) -> RGB:
    """The colour of the light."""
    return dice.pick(((1.0, 1.0, 1.0), (1.0, 0.9, 0.75), (0.88, 0.95, 1.0), (1.0, 0.95, 0.88)))


def add_lamps(b: HouseholdBuilder, cast: RGB, strength: float, count: int) -> None:
    """`count` lights at the ceiling, and those of the lamps that are on."""
    dice = b.dice
    for _ in range(count):
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


def ambient_light(dice: Dice, cast: RGB) -> RGB:
    """Light from all sides, of about the colour of the lamps."""
    ambient = dice.uniform(0.42, 0.75)
    red, green, blue = (ambient * (0.4 + 0.6 * c) for c in cast)
    return red, green, blue
