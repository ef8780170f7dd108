"""Things on walls. Local frame: the wall is at y = +d/2, the front faces -y, base at z = 0."""

from __future__ import annotations

import math

from r1_training.synthetic.rooms.elements import STRIPES
from r1_training.synthetic.rooms.item_builder import DARK, STEEL, Pen, Surface, pale, plain, shade
from r1_training.synthetic.rooms.palette import COLORS, sample_rgb


def door(p: Pen) -> None:
    """Frame and leaf; an open leaf stands out into the room and shows the dark behind."""
    i = p.item
    w, d, h, post = i.w, i.d, i.h, 0.06
    frame = shade(i.look, 0.85)
    for side in (-1, 1):
        p.box(side * (w / 2 - post / 2), 0, 0, post, d, h, frame)
    p.box(0, 0, h - post, w - 2 * post, d, post, frame)
    leaf, high = w - 2 * post - 0.01, h - post - 0.015
    angle = 0.0
    x, y = 0.0, d / 2 - 0.03
    if i.states["opening"] == "open":
        p.box(0, d / 2 - 0.005, 0, leaf, 0.01, high, plain(0.1, 0.1, 0.12))
        angle = p.dice.uniform(1.1, 1.5)
        x = -leaf / 2 + leaf / 2 * math.cos(angle)
        y = -d / 2 - leaf / 2 * math.sin(angle)
    p.box(x, y, 0.005, leaf, 0.04, high, turn=-angle)
    c, s = math.cos(angle), math.sin(angle)

    def on_leaf(u: float, z: float, width: float, height: float, out: float, look) -> None:
        p.box(x + c * u - s * out, y - s * u - c * out, z, width, 0.02, height, look, turn=-angle)

    if i.shape == "panelled":
        for z in (0.15, 1.05):
            on_leaf(0, z, leaf * 0.7, 0.75, 0.015, shade(i.look, 0.9))
    on_leaf(leaf / 2 - 0.07, 1.0, 0.1, 0.025, 0.035, STEEL)


def window(p: Pen) -> None:
    """Frame with bright panes; open, one casement stands out into the room."""
    i = p.item
    w, d, h, bar = i.w, i.d, i.h, 0.05
    day = plain(0.78, 0.88, 1.0, emissive=p.dice.uniform(0.7, 1.0), gloss=0.5)
    p.box(0, d / 2 - 0.01, bar, w - 2 * bar, 0.02, h - 2 * bar, day)
    for side in (-1, 1):
        p.box(side * (w / 2 - bar / 2), 0, 0, bar, d, h)
        p.box(0, 0, (h - bar) * (side + 1) / 2, w - 2 * bar, d, bar)
    p.box(0, 0.01, bar, bar, d - 0.02, h - 2 * bar)
    if i.shape == "four panes":
        p.box(0, 0.01, h / 2 - bar / 2, w - 2 * bar, d - 0.02, bar)
    if i.states["opening"] == "open":
        leaf = w / 2 - bar
        angle = p.dice.uniform(0.9, 1.4)
        x = -w / 2 + bar + leaf / 2 * math.cos(angle)
        y = -d / 2 - leaf / 2 * math.sin(angle)
        c, s = math.cos(angle) * (leaf / 2 - 0.02), math.sin(angle) * (leaf / 2 - 0.02)
        for z in (bar, h - 2 * bar):
            p.box(x, y, z, leaf, 0.04, bar, turn=-angle)
        for t in (-1, 1):
            p.box(x + t * c, y - t * s, bar, 0.045, 0.04, h - 2 * bar, turn=-angle)


def curtain(p: Pen) -> None:
    """Cloth on a rod: closed covers its width, open hangs at both ends."""
    i = p.item
    look = i.look
    if i.shape == "striped":
        look = look._replace(texture=STRIPES, scale=0.12, color2=pale(look.color, 0.45))
    p.rod(0, 0, i.h - 0.0125, i.w, 0.025, STEEL)
    p_rod = i.h - 0.03
    folds = max(4, round(i.w / 0.16))
    each = i.w / folds
    covered = i.w if i.states["opening"] == "closed" else i.w * 0.36
    for k in range(folds):
        x = -i.w / 2 + (k + 0.5) * each
        if i.states["opening"] == "open" and abs(x) < i.w / 2 - covered / 2:
            continue
        out = i.d * (0.55 if k % 2 else 1.0)
        p.box(x, i.d / 2 - out / 2, 0, each, out, p_rod, shade(look, 0.92 if k % 2 else 1.0))


def picture(p: Pen) -> None:
    """A frame around a few blocks of colour; its colour is the main one of the picture."""
    i = p.item
    frame = p.dice.pick((DARK, plain(0.9, 0.9, 0.88), plain(0.42, 0.28, 0.17)))
    border = 0.025
    p.box(0, 0.004, 0, i.w, i.d - 0.008, i.h, frame)
    w, h = i.w - 2 * border, i.h - 2 * border
    p.box(0, -i.d / 2 + 0.003, border, w, 0.006, h)
    for _ in range(2):
        u = p.dice.uniform
        bw, bh = w * u(0.15, 0.35), h * u(0.15, 0.35)
        patch = sample_rgb(p.dice, p.dice.pick(tuple(COLORS)))
        p.box(
            (w - bw) * u(-0.5, 0.5),
            -i.d / 2 + 0.001,
            border + (h - bh) * u(0, 1),
            bw,
            0.008,
            bh,
            plain(*patch),
        )


def mirror(p: Pen) -> None:
    """A frame with pale glass, on which depth sensors fail."""
    i = p.item
    glass = plain(0.78, 0.84, 0.87, gloss=0.6)
    if i.shape == "round":
        p.disc(0, 0, i.w / 2, i.w, i.d)
        p.disc(0, -i.d / 2, i.w / 2, i.w - 0.06, 0.01, glass)
        return
    p.box(0, 0, 0, i.w, i.d, i.h)
    p.box(0, -i.d / 2, 0.03, i.w - 0.06, 0.01, i.h - 0.06, glass)


def clock(p: Pen) -> None:
    """A dial with two hands."""
    i = p.item
    dial = plain(0.95, 0.95, 0.93) if i.color != "white" else plain(0.85, 0.87, 0.9)
    y, mid = -i.d / 2, i.h / 2
    if i.shape == "round":
        p.disc(0, 0, mid, i.w, i.d)
        p.disc(0, y, mid, i.w * 0.8, 0.008, dial)
    else:
        p.box(0, 0, 0, i.w, i.d, i.h)
        p.box(0, y, i.h * 0.1, i.w * 0.8, 0.008, i.h * 0.8, dial)
    p.box(0, y - 0.005, mid, 0.016, 0.006, i.h * 0.32, DARK)
    p.box(i.w * 0.1, y - 0.005, mid - 0.008, i.w * 0.22, 0.006, 0.016, DARK)


def radiator(p: Pen) -> None:
    """A row of ribs."""
    i = p.item
    ribs = max(5, round(i.w / 0.11))
    for k in range(ribs):
        x = (k - (ribs - 1) / 2) * i.w / ribs
        p.box(x, -0.01, 0.03, i.w / ribs * 0.7, i.d - 0.02, i.h - 0.03)
    p.box(0, i.d / 2 - 0.03, 0.06, i.w * 0.98, 0.03, i.h - 0.12, shade(i.look, 0.85))
    for s in (-1, 1):
        p.box(s * i.w * 0.4, 0, 0, 0.03, 0.03, 0.05, shade(i.look, 0.85))


def sink(p: Pen) -> None:
    """A hollow basin with a tap; it hangs at a wall or is let into a worktop."""
    i = p.item
    w, d, h, rim = i.w, i.d, i.h, 0.03
    if i.shape == "rectangular":
        p.box(0, 0, 0, w, d, 0.03)
        for s in (-1, 1):
            p.box(0, s * (d / 2 - rim / 2), 0.03, w, rim, h - 0.03)
            p.box(s * (w / 2 - rim / 2), 0, 0.03, rim, d - 2 * rim, h - 0.03)
    else:
        p.cylinder(0, 0, 0, w * 0.96, d * 0.96, 0.03)
        p.tube(0, 0, 0.03, w * 0.96, d * 0.96, h - 0.03)
        p.tube(0, 0, 0.03, w * 0.86, d * 0.86, h - 0.03, shade(i.look, 0.9))
    p.cylinder(0, d / 2 - 0.05, h - 0.02, 0.03, 0.03, 0.2, STEEL)
    p.box(0, d / 2 - 0.11, h + 0.16, 0.026, 0.14, 0.024, STEEL)
    i.surfaces = [Surface(0, 0, 0.03, w - 0.1, d - 0.12, 0.5, "in")]


def towel(p: Pen) -> None:
    """A towel over a rail."""
    i = p.item
    rail = i.w + 0.08
    p.rod(0, 0, i.h - 0.01, rail, 0.02, STEEL)
    p.box(0, -i.d / 4, 0, i.w, i.d / 2 - 0.005, i.h)
    p.box(0, i.d / 4, i.h * 0.25, i.w, i.d / 2 - 0.005, i.h * 0.75, shade(i.look, 0.93))
