"""Floor, walls, ceiling, door, windows and light of a room."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence

from r1_training.synthetic.rooms.elements import CHECKER, GRAIN, PLAIN, SPECKLE, STRIPES
from r1_training.synthetic.rooms.item_builder import Item, Look, Pen, plain
from r1_training.synthetic.rooms.placement import at_wall, put_at_wall, wall_length, wall_place
from r1_training.synthetic.rooms.room_builder import RoomBuilder

_THICK = 0.08
Gap = tuple[int, float, float, float]  # a way through: wall, along it, width and height, metres


def _surface_look(b: RoomBuilder, value: tuple[float, float], textures: dict[int, float]) -> Look:
    dice = b.dice
    saturation = dice.uniform(0.0, 0.25) if dice.chance(0.7) else dice.uniform(0.2, 0.55)
    rgb = colorsys.hsv_to_rgb(dice.random(), saturation, dice.uniform(*value))
    if dice.chance(0.35):  # warm, as wood and plaster are
        rgb = colorsys.hsv_to_rgb(dice.uniform(0.05, 0.12), dice.uniform(0.1, 0.55), max(rgb))
    factor = dice.uniform(0.7, 0.93)
    texture = dice.weighted(textures)
    low, high = {SPECKLE: (0.02, 0.1), GRAIN: (0.05, 0.2)}.get(texture, (0.08, 0.5))
    scale = dice.uniform(low, high)
    r, g, b_ = (c * factor for c in rgb)
    return Look(rgb, (r, g, b_), texture, scale)


def build_structure(b: RoomBuilder, *, all_walls: bool = False, gaps: Sequence[Gap] = ()) -> None:
    """Floor, most walls with the ways through them, sometimes a ceiling; instance 0."""
    dice, w, d, h = b.dice, b.width, b.depth, b.height
    pen = _pen(b)
    floor = _surface_look(
        b, (0.2, 0.85), {PLAIN: 1, GRAIN: 2, CHECKER: 1.5, STRIPES: 1, SPECKLE: 1.5}
    )
    wall = _surface_look(b, (0.55, 1.0), {PLAIN: 4, SPECKLE: 2, STRIPES: 0.6, CHECKER: 0.4})
    pen.box(0, 0, -_THICK, w + 2 * _THICK, d + 2 * _THICK, _THICK, floor)
    skip = dice.integer(0, 3) if dice.chance(0.15) and not all_walls else -1
    skirting = plain(*((0.9, 0.89, 0.86) if dice.chance(0.6) else (0.35, 0.27, 0.2)))
    for k in range(4):
        if k == skip:
            b.open_wall = k
            _next_room(b, pen, k, floor, wall)
            continue
        half = wall_length(b, k) / 2
        strip = dice.chance(0.6)
        for left, right, low in _pieces(half + _THICK, h, [gap[1:] for gap in gaps if gap[0] == k]):
            x, y, yaw = at_wall(b, k, (left + right) / 2, -_THICK / 2)
            pen.box(x, y, low, right - left, _THICK, h - low, wall, turn=yaw)
            left, right = max(left, -half), min(right, half)
            if strip and low == 0 and right > left:
                x, y, yaw = at_wall(b, k, (left + right) / 2, 0.004)
                pen.box(x, y, 0, right - left, 0.008, 0.08, skirting, turn=yaw)
    if dice.chance(0.5):
        pen.box(0, 0, h, w, d, _THICK, plain(0.93, 0.93, 0.91))
        pen.cylinder(0, 0, h - 0.08, 0.4, 0.4, 0.08, plain(1.0, 0.97, 0.9, emissive=1.0))


def _pieces(
    half: float, height: float, gaps: Sequence[tuple[float, float, float]]
) -> list[tuple[float, float, float]]:
    """What stands of a wall from -half to half along it: (from, to, bottom), metres."""
    pieces, left = [], -half
    for along, width, tall in sorted(gaps):
        pieces.append((left, along - width / 2, 0.0))
        left = along + width / 2
        pieces.append((along - width / 2, left, tall))
    pieces.append((left, half, 0.0))
    return [p for p in pieces if p[1] - p[0] > 1e-6 and height - p[2] > 1e-6]


def _next_room(b: RoomBuilder, pen: Pen, wall: int, floor: Look, look: Look) -> None:
    """What one sees where a wall is missing: more floor, and a wall further away."""
    deep, length = b.dice.uniform(1.5, 3.0), wall_length(b, wall) + 2.0
    x, y, yaw = at_wall(b, wall, 0.0, -deep / 2 - _THICK)
    pen.box(x, y, -_THICK, length, deep, _THICK, floor, turn=yaw)
    x, y, yaw = at_wall(b, wall, 0.0, -deep)
    pen.box(x, y, 0, length, _THICK, b.height, look, turn=yaw)


def _pen(b: RoomBuilder) -> Pen:
    nothing = Item("structure", "", "", "", plain(0.8, 0.8, 0.8), {}, 0.0, 0.0, 0.0)
    return Pen(b.rows, nothing, b.dice)


def walls_of(b: RoomBuilder) -> tuple[int, ...]:
    """Numbers of the walls that stand."""
    return tuple(k for k in range(4) if k != b.open_wall)


def add_door(b: RoomBuilder, item: Item | None = None) -> bool:
    """A door in some wall, with room to swing."""
    item = item or b.sample("door")
    return put_at_wall(b, item, walls=walls_of(b), aisle=item.w, gap=0.0, relation="wall")


def add_window(b: RoomBuilder, *, wall: int | None = None, curtain: bool | None = None) -> bool:
    """A window, with or without a curtain that hangs before it; it lets daylight in."""
    dice = b.dice
    curtained = dice.chance(0.45) if curtain is None else curtain
    item = b.sample("window", states={"opening": "closed"} if curtained else None)
    item.h = min(item.h, b.height - 1.1)
    sill = dice.uniform(0.85, max(0.86, min(1.05, b.height - item.h - 0.15)))
    walls = walls_of(b) if wall is None else (wall,)
    ok = put_at_wall(b, item, walls=walls, z=sill, gap=0.0, relation="wall")
    if not ok:
        return False
    x, y = item.to_room(0, -0.9)
    strength = dice.uniform(0.2, 1.0)
    b.lights.append((x, y, sill + 0.6, (0.9 * strength, 0.97 * strength, 1.05 * strength)))
    if item.states["opening"] == "open":  # nothing tall where the casement swings
        c, s = item.to_room(0, -item.w / 4 - 0.06)
        r = item.w / 4
        b.occupied.append((c - r, s - r, sill, c + r, s + r, sill + item.h))
    if curtained:
        cloth = b.sample("curtain", states={"opening": dice.pick(("open", "open", "closed"))})
        cloth.w = min(item.w + dice.uniform(0.2, 0.5), 2.6)
        top = min(b.height - 0.05, sill + item.h + 0.15)
        cloth.h = top - (0.05 if dice.chance(0.6) else sill - 0.15)
        wall, along = wall_place(item)
        spare = max(0.0, wall_length(b, wall) / 2 - cloth.w / 2)
        along = max(-spare, min(spare, along))
        put_at_wall(
            b,
            cloth,
            walls=(wall,),
            along=along,
            z=top - cloth.h,
            gap=item.d + 0.01,
            tries=1,
            relation="wall",
        )
    return True


def add_light(b: RoomBuilder) -> tuple[float, float, float]:
    """Ceiling light, light of the lamps that are on; returns the ambient colour."""
    dice = b.dice
    warm = dice.uniform(0.8, 1.1)
    tint = (1.0, 0.5 + 0.5 * warm * 0.98, warm * 0.95)
    strength = dice.uniform(0.6, 1.6)
    x, y = b.width * dice.uniform(-0.25, 0.25), b.depth * dice.uniform(-0.25, 0.25)
    red, green, blue = (strength * c for c in tint)
    b.lights.append((x, y, b.height - 0.15, (red, green, blue)))
    for item in b.items:
        if item.category in ("lamp", "floor lamp") and item.states["power"] == "on":
            b.lights.append((item.x, item.y, item.z + item.h + 0.05, (0.9, 0.75, 0.45)))
    ambient = dice.uniform(0.48, 0.75)
    red, green, blue = (ambient * (0.5 + 0.5 * c) for c in tint)
    return red, green, blue
