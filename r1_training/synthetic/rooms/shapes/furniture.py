"""Seats, tables, beds, sanitary ware, things on the floor. Local frame: base z = 0, front -y."""

from __future__ import annotations

import math

from r1_training.synthetic.rooms.elements import STRIPES
from r1_training.synthetic.rooms.item_builder import (
    BULB,
    DARK,
    STEEL,
    Look,
    Pen,
    Surface,
    material_look,
    pale,
    plain,
    shade,
)

TOP = 1.2  # metres that count as free above an open surface


def sofa(p: Pen) -> None:
    """Straight, or with a chaise on its left (local -x) or right side."""
    i = p.item
    w, d, h = i.w, i.d, i.h
    seat, arm, back, main = 0.42, 0.17, 0.2, min(d, 0.95)
    yb = d / 2 - main / 2  # the straight part is at the back of the footprint
    p.box(0, yb, 0.06, w, main, seat - 0.2)
    p.box(0, d / 2 - back / 2, 0.06, w, back, h - 0.06)
    side = 1 if i.shape == "L-shaped" and p.dice.chance(0.5) else -1
    for s in (-1, 1):
        if i.shape == "L-shaped" and s == side:
            continue
        p.box(s * (w / 2 - arm / 2), yb, 0.06, arm, main, seat + 0.12, shade(i.look, 0.96))
    inner = w - 2 * arm if i.shape == "straight" else w - arm
    x0 = 0.0 if i.shape == "straight" else side * arm / 2
    count = 2 if w < 1.9 else 3
    for k in range(count):
        x = x0 + (k - (count - 1) / 2) * inner / count
        p.box(x, yb - back / 2, seat - 0.14, inner / count - 0.02, main - back - 0.02, 0.14)
        p.box(x, d / 2 - back - 0.05, seat, inner / count - 0.03, 0.12, h - seat - 0.06, tilt=-0.12)
    if i.shape == "L-shaped":
        chaise = d - main
        p.box(side * (w / 2 - 0.36), -d / 2 + chaise / 2, 0.06, 0.72, chaise, seat - 0.2)
        p.box(side * (w / 2 - 0.36), -d / 2 + chaise / 2, seat - 0.14, 0.7, chaise, 0.14)
    for sx in (-1, 1):
        p.cylinder(sx * (w / 2 - 0.08), d / 2 - 0.08, 0, 0.05, 0.05, 0.06, DARK)
        p.cylinder(sx * (w / 2 - 0.08), yb - main / 2 + 0.08, 0, 0.05, 0.05, 0.06, DARK)
    i.surfaces = [Surface(x0, yb - back / 2 - 0.06, seat, inner, main - back - 0.16, TOP)]


def armchair(p: Pen) -> None:
    """A one-seat sofa; the winged one has a higher, narrower back and slim legs."""
    i = p.item
    w, d, h = i.w, i.d, i.h
    legs = 0.06 if i.shape == "boxy" else 0.16
    arm = 0.14 if i.shape == "boxy" else 0.09
    p.box(0, 0, legs, w, d, 0.36 - legs)
    p.box(0, -0.06, 0.36, w - 2 * arm, d - 0.18, 0.08, shade(i.look, 1.04))
    p.box(0, d / 2 - 0.09, legs, w if i.shape == "boxy" else w - 0.1, 0.18, h - legs)
    for s in (-1, 1):
        p.box(s * (w / 2 - arm / 2), -0.02, legs, arm, d - 0.04, 0.6 - legs, shade(i.look, 0.95))
        if i.shape == "winged":
            p.box(s * (w / 2 - 0.08), d / 2 - 0.2, 0.6, 0.07, 0.22, h - 0.66)
        for t in (-1, 1):
            p.cylinder(s * (w / 2 - 0.07), t * (d / 2 - 0.07), 0, 0.04, 0.04, legs, DARK)
    i.surfaces = [Surface(0, -0.08, 0.44, w - 2 * arm, d - 0.28, TOP)]


def _legs(p: Pen, x: float, y: float, h: float, thick: float, look: Look | None = None) -> None:
    for sx in (-1, 1):
        for sy in (-1, 1):
            p.box(sx * (x - thick / 2), sy * (y - thick / 2), 0, thick, thick, h, look)


def chair(p: Pen) -> None:
    """A chair for a table: slatted, solid or padded back."""
    i = p.item
    w, d, h = i.w, i.d, i.h
    seat = 0.46
    frame = STEEL if i.material == "metal" and p.dice.chance(0.4) else i.look
    _legs(p, w / 2, d / 2, seat - 0.03, 0.035 if i.material == "metal" else 0.045, frame)
    p.box(0, 0, seat - 0.035, w, d, 0.035)
    back, high = d / 2 - 0.022, h - seat
    if i.shape == "solid back":
        p.box(0, back, seat, w, 0.03, high)
    else:
        for s in (-1, 1):
            p.box(s * (w / 2 - 0.022), back, seat, 0.044, 0.04, high, frame)
        bars = 3
        for k in range(bars if i.shape == "slatted back" else 0):
            p.box(0, back, seat + high * (0.32 + 0.24 * k), w - 0.08, 0.022, high * 0.16)
    if i.shape == "padded":
        p.box(0, back - 0.01, seat + high * 0.35, w - 0.06, 0.05, high * 0.6)
        p.box(0, -0.01, seat, w - 0.04, d - 0.06, 0.045, shade(i.look, 0.9))
    i.surfaces = [Surface(0, -0.03, seat + 0.045 * (i.shape == "padded"), w, d - 0.12, TOP)]


def office_chair(p: Pen) -> None:
    """A swivel chair on a star foot."""
    i = p.item
    w, d, h = i.w, i.d, i.h
    for k in range(5):
        angle = k * 2 * math.pi / 5
        x, y = 0.14 * math.cos(angle), 0.14 * math.sin(angle)
        p.box(x, y, 0.05, 0.28, 0.045, 0.04, DARK, turn=angle)
        p.ball(1.9 * x, 1.9 * y, 0, 0.055, 0.055, 0.055, DARK)
    p.cylinder(0, 0, 0.08, 0.06, 0.06, 0.34, STEEL)
    p.box(0, -0.02, 0.42, w - 0.1, d - 0.1, 0.09)
    p.box(0, d / 2 - 0.1, 0.58, w - 0.14, 0.07, h - 0.6, tilt=-0.1)
    p.box(0, d / 2 - 0.08, 0.42, 0.08, 0.03, 0.3, DARK)
    if i.shape == "with armrests":
        for s in (-1, 1):
            p.box(s * (w / 2 - 0.03), 0.02, 0.66, 0.06, 0.26, 0.035, DARK)
            p.box(s * (w / 2 - 0.03), 0.06, 0.46, 0.03, 0.05, 0.2, DARK)


def stool(p: Pen) -> None:
    """A seat without a back."""
    i = p.item
    if i.shape == "round":
        p.cylinder(0, 0, i.h - 0.04, i.w, i.w, 0.04)
        _legs(p, i.w * 0.34, i.w * 0.34, i.h - 0.04, 0.035)
    else:
        p.box(0, 0, i.h - 0.04, i.w, i.d, 0.04)
        _legs(p, i.w / 2 - 0.01, i.d / 2 - 0.01, i.h - 0.04, 0.04)
    i.surfaces = [Surface(0, 0, i.h, i.w * 0.8, i.d * 0.8, TOP)]


def table(p: Pen) -> None:
    """Dining, coffee and plain tables: rectangular and square on four legs, round on a column."""
    i = p.item
    thick = 0.035 if i.category != "dining table" else 0.045
    metal = i.material == "metal" or (i.material in ("glass", "stone") and p.dice.chance(0.6))
    frame = STEEL if metal and i.material != "metal" else shade(i.look, 0.92)
    if i.shape == "round":
        p.cylinder(0, 0, i.h - thick, i.w, i.w, thick)
        p.cylinder(0, 0, 0.03, 0.11, 0.11, i.h - thick - 0.03, frame)
        p.cylinder(0, 0, 0, i.w * 0.5, i.w * 0.5, 0.03, frame)
        i.surfaces = [Surface(0, 0, i.h, i.w * 0.7, i.w * 0.7, TOP)]
        return
    p.box(0, 0, i.h - thick, i.w, i.d, thick)
    _legs(p, i.w / 2 - 0.02, i.d / 2 - 0.02, i.h - thick, 0.04 if metal else 0.065, frame)
    if not metal and i.category != "coffee table":
        p.box(0, 0, i.h - thick - 0.08, i.w - 0.14, i.d - 0.14, 0.08, frame)
    if i.category == "coffee table" and p.dice.chance(0.35):
        p.box(0, 0, 0.1, i.w - 0.12, i.d - 0.12, 0.025, frame)
    i.surfaces = [Surface(0, 0, i.h, i.w - 0.06, i.d - 0.06, TOP)]


def desk(p: Pen) -> None:
    """A desk against a wall; free on its front side for knees."""
    i = p.item
    p.box(0, 0, i.h - 0.035, i.w, i.d, 0.035)
    dark = shade(i.look, 0.9)
    if i.shape == "with drawers":
        block = min(0.42, i.w * 0.32)
        x = i.w / 2 - block / 2 - 0.01
        p.box(x, 0.01, 0.04, block, i.d - 0.06, i.h - 0.08, dark)
        for k in range(3):
            z = 0.08 + k * (i.h - 0.14) / 3
            p.box(x, -i.d / 2 + 0.035, z, block - 0.04, 0.02, (i.h - 0.14) / 3 - 0.02, i.look)
            p.box(x, -i.d / 2 + 0.02, z + 0.09, 0.1, 0.02, 0.015, STEEL)
        p.box(-i.w / 2 + 0.02, 0, 0, 0.035, i.d - 0.04, i.h - 0.035, dark)
    else:
        _legs(p, i.w / 2 - 0.01, i.d / 2 - 0.01, i.h - 0.035, 0.05, dark)
        p.box(0, i.d / 2 - 0.06, i.h * 0.45, i.w - 0.1, 0.02, i.h * 0.4, dark)
    i.surfaces = [Surface(0, 0, i.h, i.w - 0.06, i.d - 0.06, TOP)]


def bed(p: Pen) -> None:
    """Frame, mattress and quilt; the colour of a bed is that of its quilt. Head end at +y."""
    i = p.item
    w, d, h = i.w, i.d, i.h
    frame = material_look(p.dice, p.dice.pick(_FRAMES), i.material)
    sheet = plain(0.93, 0.92, 0.9)
    p.box(0, 0, 0.1, w, d, 0.2, frame)
    p.box(0, d / 2 - 0.04, 0, w, 0.08, h, frame)
    for sx in (-1, 1):
        p.box(sx * (w / 2 - 0.05), -d / 2 + 0.05, 0, 0.08, 0.08, 0.1, frame)
    p.box(0, -0.04, 0.3, w - 0.04, d - 0.12, 0.2, sheet)
    top = 0.5
    if i.states["bedding"] == "made":
        p.box(0, -0.26, top - 0.16, w + 0.03, d - 0.56, 0.2)
        p.box(0, d / 2 - 0.62, top + 0.02, w + 0.03, 0.22, 0.045, shade(i.look, 0.85))
    else:
        u = p.dice.uniform
        p.box(u(-0.1, 0.1), -0.45, top - 0.02, w * 0.85, d * 0.4, 0.08, turn=u(-0.3, 0.3))
        p.box(
            w * u(-0.2, 0.2), u(-0.2, 0.2), top, w * 0.6, d * 0.3, 0.1, turn=u(0.3, 0.9), tilt=0.1
        )
        for _ in range(5):
            p.ball(
                w * u(-0.24, 0.24),
                d * u(-0.34, 0.12),
                top - 0.06,
                w * u(0.28, 0.5),
                u(0.25, 0.5),
                u(0.2, 0.34),
                shade(i.look, u(0.85, 1.0)),
                turn=u(0, 3),
            )
        side = p.dice.pick((-1, 1))
        p.box(side * (w / 2 + 0.02), -0.3, 0.14, 0.07, d * 0.35, 0.42, turn=u(-0.08, 0.08))
    i.surfaces = [Surface(0, d / 2 - 0.33, top, w - 0.1, 0.44, TOP)]


_FRAMES = ((0.55, 0.38, 0.24), (0.25, 0.17, 0.11), (0.85, 0.84, 0.8), (0.3, 0.3, 0.32))


def lamp_shade(p: Pen, z: float, width: float, height: float, shape: str) -> None:
    """A shade with its bulb; where the lamp is on, bulb and inside shine and the outside glows.

    No light comes through black: a black globe has a gap around it, and a black shade a ring below
    its rim. Otherwise nobody could see from the side whether it is on.
    """
    i = p.item
    on, black = i.states["power"] == "on", i.color == "black"
    outside = i.look
    warm = (1.0, 0.93, 0.65)
    inside = plain(*warm, emissive=1.0) if on else shade(i.look, 0.9)
    if on and not black:  # light comes through, the colour stays what it is called
        r, g, b = (0.75 * c + 0.25 * w for c, w in zip(i.look.color, warm, strict=True))
        outside = plain(r, g, b, emissive=0.85)
    if shape == "globe":
        narrow = 0.96 * width if black else width
        p.ball(0, 0, z, narrow, narrow, height, outside)
        if black:
            p.cylinder(0, 0, z + height * 0.4, width, width, height * 0.2, inside)
        return
    taper = 0.55 if shape != "drum shade" else 0.95
    p.tube(0, 0, z, width, width, height, outside, taper=taper)
    if black:
        p.tube(0, 0, z - 0.025, width, width, 0.025, inside, taper=1.0)
    p.tube(0, 0, z + 0.004, width * 0.93, width * 0.93, height - 0.008, inside, taper=taper)
    bulb = BULB if on else plain(0.85, 0.85, 0.8)
    p.ball(0, 0, z + height * 0.2, 0.08, 0.08, min(0.1, height * 0.6), bulb)


def floor_lamp(p: Pen) -> None:
    """Foot, pole and shade."""
    i = p.item
    height = min(0.34, i.h * 0.2)
    pole = STEEL if i.material == "metal" else plain(0.35, 0.24, 0.15)
    p.cylinder(0, 0, 0, i.w * 0.65, i.w * 0.65, 0.03, pole)
    p.cylinder(0, 0, 0.03, 0.035, 0.035, i.h - height * 0.6 - 0.03, pole)
    lamp_shade(p, i.h - height, i.w, height, i.shape)


def plant(p: Pen) -> None:
    """A pot with leaves; the pot's colour is free."""
    i, u = p.item, p.dice.uniform
    pot = material_look(p.dice, p.dice.pick(_POTS), "ceramic")
    ph = min(0.32, i.h * 0.32)
    pw = i.w * 0.55
    p.cylinder(0, 0, 0, pw * 0.75, pw * 0.75, ph, pot, taper=1.33)
    p.cylinder(0, 0, ph - 0.01, pw * 0.85, pw * 0.85, 0.015, plain(0.18, 0.12, 0.08))
    rest = i.h - ph
    if i.shape == "bushy":
        for _ in range(7):
            a, r = u(0, 6.28), u(0.05, 0.24) * i.w
            s = i.w * u(0.35, 0.5)
            z = min(ph + rest * u(0.0, 0.6), i.h - s)
            p.ball(*(r * math.cos(a), r * math.sin(a), z, s, s, s), shade(i.look, u(0.75, 1.25)))
    elif i.shape == "tall":
        p.cylinder(0, 0, ph, 0.03, 0.03, rest * 0.7, plain(0.3, 0.22, 0.12))
        for k in range(6):
            a, s = u(0, 6.28), i.w * u(0.4, 0.55)
            r = i.w * u(0.1, 0.22)
            z = ph + rest * (0.3 + 0.1 * k)
            p.ball(
                *(r * math.cos(a), r * math.sin(a), z, s, s * 0.6, rest * 0.2),
                *(shade(i.look, u(0.75, 1.25)), a),
            )
    else:  # broad leaves on thin stems, like a monstera
        for k in range(7):
            a = k * 0.9 + u(-0.2, 0.2)
            r, z = i.w * u(0.22, 0.3), ph + rest * u(0.35, 0.8)
            x, y = r * math.cos(a), r * math.sin(a)
            p.box(x / 2, y / 2, ph, 0.015, 0.015, z - ph, shade(i.look, 0.6))
            p.ball(
                *(x, y, z, i.w * 0.42, i.w * 0.36, 0.04, shade(i.look, u(0.8, 1.2))),
                turn=a + math.pi / 2,
                tilt=-0.5,
            )


_POTS = (
    (0.72, 0.36, 0.24),
    (0.92, 0.91, 0.89),
    (0.3, 0.31, 0.33),
    (0.2, 0.32, 0.55),
    (0.85, 0.7, 0.35),
)


def toilet(p: Pen) -> None:
    """Bowl, tank and a lid that stands up or lies down."""
    i = p.item
    tank = 0.18
    p.box(0, i.d / 2 - tank / 2, 0.4, i.w, tank, i.h - 0.4)
    p.cylinder(0, -0.05, 0, i.w * 0.6, i.d * 0.55, 0.38, taper=1.25)
    length = i.d - tank - 0.02
    p.cylinder(0, -tank / 2 - 0.01, 0.36, i.w * 0.92, length, 0.05)
    if i.states["opening"] == "open":
        p.cylinder(0, -tank / 2 - 0.01, 0.411, i.w * 0.6, length * 0.62, 0.01, shade(i.look, 0.35))
        p.box(0, i.d / 2 - tank - 0.04, 0.43, i.w * 0.88, 0.025, 0.36, shade(i.look, 0.97))
    else:
        p.cylinder(0, -tank / 2 - 0.01, 0.41, i.w * 0.94, length, 0.03, shade(i.look, 0.97))


def bathtub(p: Pen) -> None:
    """A hollow tub: walls around a low floor, water-less."""
    i = p.item
    w, d, h, rim = i.w, i.d, i.h, 0.07
    inside = shade(i.look, 0.93)
    p.box(0, 0, 0, w, d, 0.16)
    for s in (-1, 1):
        p.box(0, s * (d / 2 - rim / 2), 0.16, w, rim, h - 0.16)
        p.box(s * (w / 2 - rim / 2), 0, 0.16, rim, d - 2 * rim, h - 0.16)
    if i.shape == "rounded":
        for s in (-1, 1):
            p.cylinder(s * (w / 2 - rim), 0, 0.16, 0.3, d - 2 * rim, h - 0.24, inside, taper=0.7)
    p.cylinder(w / 2 - 0.14, d / 2 - 0.04, h, 0.035, 0.035, 0.14, STEEL)
    p.box(w / 2 - 0.14, d / 2 - 0.1, h + 0.12, 0.03, 0.15, 0.025, STEEL)


def rug(p: Pen) -> None:
    """A flat textile on the floor."""
    i = p.item
    if i.shape == "round":
        p.cylinder(0, 0, 0, i.w, i.w, i.h)
        return
    look = i.look
    if i.shape == "striped":
        scale = p.dice.uniform(0.15, 0.4)
        look = look._replace(texture=STRIPES, scale=scale, color2=pale(look.color, 0.4))
    p.box(0, 0, 0, i.w, i.d, i.h, look)


def puddle(p: Pen) -> None:
    """Spilt water: a few discs that overlap."""
    i, u = p.item, p.dice.uniform
    look = plain(0.45, 0.6, 0.78, gloss=0.35)
    i.look = look
    p.cylinder(0, 0, 0, i.w * 0.75, i.d * 0.75, i.h)
    for _ in range(4):
        a = u(0, 6.28)
        x, y = 0.27 * i.w * math.cos(a), 0.27 * i.d * math.sin(a)
        p.cylinder(x, y, 0, i.w * u(0.3, 0.46), i.d * u(0.3, 0.46), i.h * u(0.7, 1.0))
