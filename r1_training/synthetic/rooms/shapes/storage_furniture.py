"""Cupboards, shelves, appliances. Local frame: base at z = 0, back at +y, doors at -y."""

from __future__ import annotations

import math

from r1_training.synthetic.rooms.item_builder import DARK, STEEL, Look, Pen, Surface, plain, shade

TOP = 1.2  # metres that count as free above an open surface
WALL = 0.02  # thickness of boards
INSIDE = 0.88  # how much darker the inside of a carcass is


def _carcass(p: Pen, z: float, h: float, boards: int, look: Look | None = None) -> None:
    """An open box of five boards with inner boards; gives the item its inner surfaces."""
    i = p.item
    look = look or i.look
    inner = shade(look, INSIDE)
    p.box(0, i.d / 2 - WALL / 2, z, i.w, WALL, h, inner)
    for s in (-1, 1):
        p.box(s * (i.w / 2 - WALL / 2), 0, z, WALL, i.d, h, look)
    gap = (h - WALL) / (boards + 1)
    for k in range(boards + 2):
        p.box(
            0, 0, z + k * gap, i.w - 2 * WALL, i.d - WALL, WALL, look if k == boards + 1 else inner
        )


def _leaf(p: Pen, hinge: float, width: float, z: float, h: float, angle: float, look: Look) -> None:
    """A door leaf hinged at local x = hinge on the front; angle 0 is closed, it swings out."""
    i = p.item
    side = 1.0 if hinge < 0 else -1.0
    turn = -side * angle
    x = hinge + side * width / 2 * math.cos(angle)
    y = -i.d / 2 - WALL / 2 - width / 2 * math.sin(angle)
    p.box(x, y, z, width, WALL, h, look, turn=turn)
    grip = width - 0.05
    hx = hinge + side * grip * math.cos(angle) - side * 0.02 * math.sin(angle)
    hy = -i.d / 2 - WALL - grip * math.sin(angle) - 0.008 * math.cos(angle)
    p.box(hx, hy, z + h * 0.4, 0.018, 0.018, min(0.16, h * 0.3), STEEL, turn=turn)


def cupboard(p: Pen) -> None:
    """Wardrobe, cabinet, wall cupboard: two or more leaves; open shows what is inside."""
    i = p.item
    depth = i.d
    i.d -= WALL + 0.018  # leaves and handles stay within the nominal depth
    foot = 0.0 if i.category == "cupboard" else 0.05
    leaves = 3 if i.shape == "three doors" else (2 if i.w < 1.6 else 4)
    boards = {"wardrobe": 2, "cabinet": 1, "cupboard": 1}[i.category]
    width = i.w / leaves
    is_open = i.states["opening"] == "open"
    front = shade(i.look, 1.05)
    if is_open:
        _carcass(p, foot, i.h - foot, boards)
    else:
        p.box(0, 0, foot, i.w, i.d, i.h - foot)
    opened = p.dice.integer(0, leaves - 1) if leaves > 2 else p.dice.pick((0, 1, 2))
    for k in range(leaves):
        hinge = -i.w / 2 + (k if k % 2 == 0 else k + 1) * width
        swing = is_open and (k == opened or opened == 2 == leaves)
        angle = p.dice.uniform(1.4, 1.75) if swing else 0.0
        if not swing:
            hinge += 0.004 if k % 2 == 0 else -0.004
        _leaf(p, hinge, width - 0.008, foot + 0.01, i.h - foot - 0.02, angle, front)
    if foot:
        p.box(0, 0.02, 0, i.w - 0.04, i.d - 0.06, foot, DARK)
    gap = (i.h - foot - WALL) / (boards + 1)
    # only the half behind an opened leaf can be reached and seen
    seen = 0.0 if opened == 2 == leaves else -i.w / 2 + (opened + 0.5) * width
    reach = i.w - 0.1 if opened == 2 == leaves else width - 0.08
    i.surfaces = [
        Surface(seen, 0, foot + k * gap + WALL, reach, i.d - 0.08, gap - WALL - 0.02, "in")
        for k in range(boards + 1)
    ]
    if i.category == "cabinet":
        i.surfaces.insert(0, Surface(0, 0, i.h, i.w - 0.06, i.d - 0.06, TOP))
    i.d = depth


def fridge(p: Pen) -> None:
    """Fridge, with or without a freezer door at the bottom."""
    i = p.item
    depth = i.d
    i.d -= WALL + 0.018
    split = i.h * 0.35 if i.shape == "two doors" else 0.06
    is_open = i.states["opening"] == "open"
    hinge = p.dice.pick((-1, 1)) * (i.w / 2 - 0.002)
    pale = plain(0.93, 0.94, 0.95)
    if is_open:
        p.box(0, 0, 0, i.w, i.d, split)
        _carcass(p, split, i.h - split, 3, i.look)
        p.box(0, 0.05, i.h - 0.06, i.w * 0.6, 0.1, 0.02, pale._replace(emissive=0.9))
    else:
        p.box(0, 0, 0, i.w, i.d, i.h)
    if i.shape == "two doors":
        _leaf(p, hinge, i.w - 0.006, 0.03, split - 0.04, 0.0, i.look)
    angle = p.dice.uniform(1.4, 1.8) if is_open else 0.0
    _leaf(p, hinge, i.w - 0.006, split + 0.005, i.h - split - 0.01, angle, i.look)
    gap = (i.h - split - WALL) / 4
    i.surfaces = [Surface(0, 0, i.h, i.w - 0.04, i.d - 0.04, 2.3 - i.h)] + [
        Surface(0, 0, split + k * gap + WALL, i.w - 0.1, i.d - 0.1, gap - WALL, "in")
        for k in range(4)
    ]
    i.d = depth


def bookshelf(p: Pen) -> None:
    """Open shelves; levels count from the top."""
    i = p.item
    levels = max(3, min(5, round(i.h / 0.38)))
    gap = (i.h - WALL - 0.06) / levels
    p.box(0, i.d / 2 - 0.006, 0, i.w, 0.012, i.h, shade(i.look, INSIDE))
    for s in (-1, 1):
        p.box(s * (i.w / 2 - WALL / 2), 0, 0, WALL, i.d, i.h)
    for k in range(levels + 1):
        p.box(0, 0, 0.06 + k * gap, i.w - 2 * WALL, i.d - 0.01, WALL)
    i.surfaces = [
        Surface(
            *(0, -0.01, 0.06 + (levels - 1 - k) * gap + WALL, i.w - 0.08, i.d - 0.05),
            *(gap - WALL - 0.015, "on", k + 1, levels),
        )
        for k in range(levels)
    ]


def _drawers(p: Pen, z: float, h: float, count: int, pulled: int | None) -> None:
    i = p.item
    each = h / count
    for k in range(count):
        out = 0.22 if k == pulled else 0.0
        y = -i.d / 2 - 0.009 - out
        p.box(0, y, z + k * each + 0.008, i.w - 0.03, 0.018, each - 0.016, shade(i.look, 1.06))
        if out:
            p.box(
                0, y + out / 2, z + k * each + 0.02, i.w - 0.08, out, each * 0.5, shade(i.look, 0.8)
            )
        for s in (-1, 1) if i.w > 0.6 else (0,):
            p.ball(s * i.w / 4, y - 0.02, z + k * each + each / 2 - 0.015, 0.03, 0.03, 0.03, STEEL)


def dresser(p: Pen) -> None:
    """A chest of drawers; open means that one drawer is pulled out."""
    i = p.item
    depth = i.d
    i.d -= 0.04
    count = 3 if i.shape == "three drawers" else 4
    p.box(0, 0, 0.05, i.w, i.d, i.h - 0.05)
    p.box(0, 0.02, 0, i.w - 0.05, i.d - 0.06, 0.05, DARK)
    pulled = p.dice.integer(1, count - 1) if i.states["opening"] == "open" else None
    _drawers(p, 0.06, i.h - 0.09, count, pulled)
    i.surfaces = [Surface(0, 0, i.h, i.w - 0.05, i.d - 0.05, TOP)]
    i.d = depth


def nightstand(p: Pen) -> None:
    """A small stand beside a bed, with drawers or with an open shelf."""
    i = p.item
    if i.shape == "with drawers":
        depth = i.d
        i.d -= 0.04
        p.box(0, 0.02, 0, i.w - 0.05, i.d - 0.06, 0.04, DARK)
        p.box(0, 0, 0.04, i.w, i.d, i.h - 0.04)
        _drawers(p, 0.06, i.h - 0.1, 2, None)
        i.d = depth
    else:
        p.box(0, 0, i.h - 0.03, i.w, i.d, 0.03)
        p.box(0, 0, 0.12, i.w - 0.04, i.d - 0.02, 0.02)
        for s in (-1, 1):
            p.box(s * (i.w / 2 - 0.012), 0, 0, 0.024, i.d, i.h - 0.03)
    i.surfaces = [Surface(0, 0, i.h, i.w - 0.04, i.d - 0.04, TOP)]


def tv_cabinet(p: Pen) -> None:
    """A low board for a television."""
    i = p.item
    p.box(0, 0, 0.05, i.w, i.d - 0.02, i.h - 0.05)
    for s in (-1, 1):
        p.box(s * (i.w / 2 - 0.12), 0, 0, 0.05, i.d - 0.1, 0.05, DARK)
    doors = 3
    for k in range(doors):
        x = (k - 1) * i.w / doors
        hollow = i.shape == "open front" and k == 1
        look = shade(i.look, 0.3 if hollow else 1.06)
        p.box(x, -i.d / 2 + 0.004, 0.09, i.w / doors - 0.03, 0.014, i.h - 0.14, look)
        if not hollow:
            p.box(x, -i.d / 2 - 0.008, i.h * 0.6, 0.1, 0.014, 0.014, STEEL)
    i.surfaces = [Surface(0, 0, i.h, i.w - 0.05, i.d - 0.06, TOP)]


def stove(p: Pen) -> None:
    """A free-standing cooker; switched on, one plate and the oven glow."""
    i = p.item
    on = i.states["power"] == "on"
    w, d, h = i.w, i.d, i.h
    p.box(0, 0.01, 0, w, d - 0.02, h - 0.02)
    p.box(0, 0.01, h - 0.02, w, d - 0.02, 0.02, plain(0.06, 0.06, 0.07, gloss=0.1))
    glow = plain(1.0, 0.25, 0.05, emissive=1.0)
    lit = p.dice.integer(0, 3) if on else -1
    for k in range(4):
        x, y = (k % 2 - 0.5) * w * 0.46, (k // 2 - 0.5) * d * 0.44
        p.cylinder(x, y, h, 0.17, 0.17, 0.006, glow if k == lit else plain(0.2, 0.2, 0.21))
    window = plain(1.0, 0.55, 0.15, emissive=0.9) if on else plain(0.09, 0.09, 0.1)
    p.box(0, -d / 2 + 0.006, h * 0.25, w * 0.75, 0.012, h * 0.38, window)
    p.box(0, -d / 2 - 0.012, h * 0.7, w * 0.8, 0.02, 0.022, STEEL)
    for k in range(4):
        p.ball((k - 1.5) * 0.12, -d / 2 - 0.006, h * 0.83, 0.045, 0.04, 0.045, DARK)
    i.surfaces = [Surface(0, 0.05, h + 0.006, w - 0.1, d - 0.2, 0.5)]


def washing_machine(p: Pen) -> None:
    """A front loader with a round door."""
    i = p.item
    w, d, h = i.w, i.d - 0.05, i.h
    p.box(0, 0.025, 0, w, d, h)
    front, ring = 0.025 - d / 2, shade(i.look, 0.75)
    p.box(0, front - 0.004, h - 0.13, w - 0.04, 0.008, 0.1, shade(i.look, 0.85))
    if i.states["opening"] == "open":
        p.disc(0, front - 0.006, h * 0.46, 0.36, 0.012, DARK)
        p.box(-0.19, front - 0.17, h * 0.46 - 0.18, 0.04, 0.34, 0.36, ring)
        p.box(-0.168, front - 0.17, h * 0.46 - 0.12, 0.02, 0.22, 0.24, plain(0.15, 0.17, 0.2))
    else:
        p.disc(0, front - 0.015, h * 0.46, 0.36, 0.03, ring)
        p.disc(0, front - 0.035, h * 0.46, 0.26, 0.02, plain(0.15, 0.17, 0.2))
    i.surfaces = [Surface(0, 0.02, h, w - 0.06, d - 0.06, TOP)]


def counter(p: Pen) -> None:
    """A worktop; it lies on cabinets. The backsplash stands at the wall."""
    i = p.item
    thick = 0.04
    p.box(0, 0, 0, i.w, i.d, thick)
    if i.shape == "with backsplash":
        p.box(0, i.d / 2 - 0.01, thick, i.w, 0.02, max(0.06, i.h - thick))
    i.surfaces = [Surface(0, -0.01, thick, i.w - 0.06, i.d - 0.1, 0.5)]


def microwave(p: Pen) -> None:
    """A box with a dark window and a panel; open, its door stands out to the left."""
    i = p.item
    w, d, h = i.w, i.d - 0.03, i.h
    front = -d / 2 + 0.015
    door = w * 0.74
    x = -w / 2 + door / 2
    if i.states["opening"] == "open":
        p.box(w / 2 - w * 0.13, 0.015, 0, w * 0.26, d, h)
        for z in (0.0, h - 0.02):
            p.box(x, 0.015, z, door, d, 0.02)
        p.box(x, d / 2, 0.02, door, 0.03, h - 0.04, shade(i.look, 0.7))
        p.box(-w / 2 + 0.01, 0.015, 0.02, 0.02, d, h - 0.04)
        p.box(-w / 2 + 0.02, front - door / 2, 0.01, 0.03, door, h - 0.02, shade(i.look, 0.9))
    else:
        p.box(0, 0.015, 0, w, d, h)
        p.box(x, front - 0.008, 0.01, door - 0.01, 0.016, h - 0.02, shade(i.look, 0.9))
        p.box(x, front - 0.018, h * 0.22, door * 0.7, 0.008, h * 0.56, plain(0.07, 0.07, 0.08))
        p.box(x + door / 2 - 0.03, front - 0.022, h * 0.2, 0.02, 0.016, h * 0.6, STEEL)
    p.box(w / 2 - w * 0.13, front - 0.004, h * 0.6, w * 0.18, 0.008, h * 0.2, plain(0.1, 0.4, 0.3))
    i.surfaces = [Surface(x, 0.02, 0.02, door - 0.08, d - 0.08, h - 0.06, "in")]
