"""Things that stand on other things. Local frame: base at z = 0, the front faces -y."""

from __future__ import annotations

from r1_training.synthetic.rooms.elements import STRIPES
from r1_training.synthetic.rooms.item_builder import DARK, STEEL, Pen, Surface, plain, shade
from r1_training.synthetic.rooms.palette import sample_rgb
from r1_training.synthetic.rooms.shapes.furniture import lamp_shade

PAGES = plain(0.95, 0.94, 0.88)


def coffee_machine(p: Pen) -> None:
    """A tower with an overhanging head and a place for a mug under it."""
    i = p.item
    w, d, h = i.w, i.d, i.h
    p.box(0, d * 0.22, 0, w, d * 0.56, h)
    p.box(0, -d * 0.25, h * 0.66, w, d * 0.5, h * 0.34)
    p.box(0, -d * 0.25, 0, w * 0.9, d * 0.5, 0.035, DARK)
    p.box(0, -d * 0.3, h * 0.58, 0.05, 0.06, h * 0.08, STEEL)
    p.box(0, -d / 2 - 0.002, h * 0.78, w * 0.4, 0.008, h * 0.1, plain(0.25, 0.5, 0.65))
    if i.shape == "with jug":
        p.cylinder(0, -d * 0.25, 0.035, d * 0.36, d * 0.36, h * 0.42, plain(0.25, 0.16, 0.1))
    i.surfaces = [Surface(0, -d * 0.27, 0.035, w * 0.6, d * 0.3, h * 0.5, "in")]


def kettle(p: Pen) -> None:
    """Body, lid, spout and handle."""
    i = p.item
    r = i.d
    p.cylinder(-0.01, 0, 0, r, r, i.h * 0.85, taper=0.75)
    p.cylinder(-0.01, 0, i.h * 0.85, r * 0.7, r * 0.7, i.h * 0.08, DARK)
    p.ball(-0.01, 0, i.h * 0.9, 0.03, 0.03, i.h * 0.1, DARK)
    p.box(-i.w / 2 + 0.02, 0, i.h * 0.6, 0.07, 0.03, 0.045)
    p.box(i.w / 2 - 0.015, 0, i.h * 0.15, 0.022, 0.03, i.h * 0.62, DARK)
    for z in (0.15, 0.72):
        p.box(i.w / 2 - 0.05, 0, i.h * z, 0.08, 0.03, 0.022, DARK)


def toaster(p: Pen) -> None:
    """A low box with two slots and a lever."""
    i = p.item
    p.box(0, 0, 0.015, i.w - 0.02, i.d, i.h - 0.015)
    p.box(0, 0, 0, i.w - 0.05, i.d - 0.03, 0.015, DARK)
    for s in (-1, 1):
        p.box(0, s * i.d * 0.2, i.h, i.w * 0.7, 0.028, 0.004, DARK)
    p.box(i.w / 2 - 0.01, 0, i.h * 0.55, 0.02, 0.05, 0.025, DARK)


def pan(p: Pen) -> None:
    """A frying pan; the handle points to local +x."""
    i = p.item
    r = i.d
    x = -i.w / 2 + r / 2
    p.tube(x, 0, 0, r * 0.85, r * 0.85, i.h * 0.7, taper=1.17)
    p.cylinder(x, 0, 0, r * 0.85, r * 0.85, 0.01, shade(i.look, 0.7))
    p.box((x + r / 2 + i.w / 2) / 2, 0, i.h * 0.55, i.w - r, 0.026, 0.02, DARK)


def screen(p: Pen) -> None:
    """Television or monitor: a foot, a panel, and a picture where it is on."""
    i = p.item
    w, h = i.w, i.h
    lift = 0.05 if i.category == "tv" else 0.1
    p.box(0, 0, 0, w * 0.4, i.d, 0.018)
    p.box(0, 0.03, 0.018, w * 0.1, 0.03, lift, i.look)
    p.box(0, 0, lift, w, 0.05, h - lift)
    screen_h = h - lift - 0.05
    dark = plain(0.03, 0.03, 0.04, gloss=0.1)
    if i.states["power"] == "off":
        p.box(0, -0.026, lift + 0.025, w - 0.05, 0.004, screen_h, dark)
        return
    hue = sample_rgb(p.dice, p.dice.pick(("blue", "green", "orange", "purple", "pink", "white")))
    p.box(0, -0.026, lift + 0.025, w - 0.05, 0.004, screen_h, plain(*hue, emissive=1.0))
    for _ in range(2):
        u = p.dice.uniform
        other = sample_rgb(p.dice, p.dice.pick(("white", "yellow", "red", "blue", "green")))
        bw, bh = w * u(0.15, 0.3), screen_h * u(0.2, 0.4)
        p.box(
            (w - 0.05 - bw) * u(-0.5, 0.5),
            -0.028,
            lift + 0.025 + (screen_h - bh) * u(0, 1),
            bw,
            0.006,
            bh,
            plain(*other, emissive=1.0),
        )


def laptop(p: Pen) -> None:
    """A base and a lid that stands up or lies flat."""
    i = p.item
    thick = 0.018
    if i.states["opening"] == "closed":
        p.box(0, 0, 0, i.w, i.d, 0.014)
        p.box(0, 0, 0.014, i.w, i.d, 0.012, shade(i.look, 0.9))
        return
    p.box(0, 0, 0, i.w, i.d, thick)
    p.box(0, 0.03, thick, i.w * 0.86, i.d * 0.45, 0.003, DARK)
    lid = min(i.d, i.h - thick)
    y, tilt = i.d / 2 + 0.025, -0.22
    p.box(0, y, thick, i.w, 0.014, lid, tilt=tilt)
    on = i.states["power"] == "on"
    light = plain(0.45, 0.68, 0.95, emissive=1.0) if on else plain(0.03, 0.03, 0.04)
    p.box(0, y - 0.009, thick + 0.012, i.w * 0.92, 0.004, lid * 0.86, light, tilt=tilt)


def keyboard(p: Pen) -> None:
    """A board with rows of keys."""
    i = p.item
    p.box(0, 0, 0, i.w, i.d, i.h * 0.6)
    keys = shade(i.look, 0.6) if i.color == "white" else plain(0.75, 0.75, 0.77)
    for k in range(4):
        y = (k - 1.5) * i.d * 0.21
        p.box(-0.01, y, i.h * 0.6, i.w * 0.92, i.d * 0.13, i.h * 0.4, keys)


def printer(p: Pen) -> None:
    """A box with a paper tray in front and sheets above."""
    i = p.item
    p.box(0, 0.03, 0, i.w, i.d - 0.06, i.h * 0.8)
    p.box(0, 0.04, i.h * 0.8, i.w * 0.85, i.d * 0.6, i.h * 0.08, shade(i.look, 0.85))
    p.box(0, i.d / 2 - 0.07, i.h * 0.8, i.w * 0.55, 0.01, i.h * 0.2, PAGES, tilt=-0.15)
    p.box(0, -i.d / 2 + 0.02, i.h * 0.2, i.w * 0.6, 0.1, 0.02, DARK)
    p.box(0, -i.d / 2 + 0.04, i.h * 0.22, i.w * 0.5, 0.1, 0.012, PAGES)


def speaker(p: Pen) -> None:
    """A box with two round membranes."""
    i = p.item
    p.box(0, 0, 0, i.w, i.d, i.h)
    cone = plain(0.2, 0.2, 0.22) if i.color != "black" else plain(0.45, 0.45, 0.47)
    for z, r in ((0.34, 0.72), (0.76, 0.42)):
        p.disc(0, -i.d / 2, i.h * z, i.w * r, 0.012, cone)


def remote_control(p: Pen) -> None:
    """A slim bar with rows of buttons."""
    i = p.item
    p.box(0, 0, 0, i.w, i.d, i.h * 0.8)
    keys = plain(0.6, 0.6, 0.62) if i.color == "black" else plain(0.15, 0.15, 0.16)
    for k in range(3):
        p.box(0, (k - 1) * i.d * 0.2, i.h * 0.8, i.w * 0.6, i.d * 0.09, i.h * 0.2, keys)
    p.cylinder(0, i.d * 0.38, i.h * 0.8, 0.014, 0.014, i.h * 0.2, plain(0.85, 0.1, 0.1))


def gamepad(p: Pen) -> None:
    """A body, two grips and two sticks."""
    i = p.item
    w, d, h = i.w, i.d, i.h
    p.box(0, d * 0.1, h * 0.15, w * 0.6, d * 0.6, h * 0.55)
    for s in (-1, 1):
        p.ball(s * w * 0.32, -d * 0.08, 0, w * 0.34, d * 0.84, h * 0.8, turn=s * 0.25)
        p.cylinder(s * w * 0.15, d * 0.0, h * 0.68, 0.022, 0.022, h * 0.3, DARK)


def lamp(p: Pen) -> None:
    """A lamp for desks and nightstands: a shade on a foot, a globe, or a bent arm."""
    i = p.item
    foot = DARK if i.color == "black" else shade(i.look, 0.8)
    p.cylinder(0, 0, 0, i.w * 0.6, i.w * 0.6, 0.025, foot)
    if i.shape == "with arm":
        p.box(0, 0.05, 0.02, 0.025, 0.025, i.h * 0.72, foot)
        p.box(0, -0.02, i.h * 0.72, 0.022, 0.19, 0.022, foot, tilt=-0.3)
        lamp_shade(p, i.h * 0.78, i.w * 0.62, i.h * 0.22, "with arm")
        return
    height = i.h * 0.42
    p.cylinder(0, 0, 0.025, 0.03, 0.03, i.h - height * 0.6 - 0.025, foot)
    lamp_shade(p, i.h - height, i.w, height, i.shape)


def mug(p: Pen) -> None:
    """A hollow cylinder with a handle on local +x."""
    i = p.item
    r = i.d
    x = -i.w / 2 + r / 2
    p.tube(x, 0, 0, r, r, i.h)
    p.cylinder(x, 0, 0, r * 0.98, r * 0.98, 0.012)
    if i.states["pose"] == "upright" and p.dice.chance(0.5):
        p.cylinder(x, 0, i.h * 0.7, r * 0.97, r * 0.97, 0.006, plain(0.22, 0.12, 0.06))
    reach = i.w - r
    p.box(i.w / 2 - 0.007, 0, i.h * 0.22, 0.014, 0.016, i.h * 0.56)
    for z in (0.22, 0.66):
        p.box(i.w / 2 - reach / 2 - 0.007, 0, i.h * z, reach, 0.016, i.h * 0.12)


def cup(p: Pen) -> None:
    """A cup without a handle that widens upwards."""
    i = p.item
    narrow = i.w / 1.35
    p.tube(0, 0, 0, narrow, narrow, i.h, taper=1.35)
    p.cylinder(0, 0, 0, narrow, narrow, 0.01)
    p.tube(
        0, 0, i.h * 0.4, narrow * 1.15, narrow * 1.15, i.h * 0.22, shade(i.look, 0.75), taper=1.07
    )


def bottle(p: Pen) -> None:
    """Body, shoulder, neck and cap."""
    i = p.item
    body = 0.6 if i.shape == "round shoulders" else 0.5
    p.cylinder(0, 0, 0, i.w, i.w, i.h * body)
    p.cylinder(0, 0, i.h * body, i.w, i.w, i.h * 0.16, taper=0.4)
    p.cylinder(0, 0, i.h * (body + 0.16), i.w * 0.4, i.w * 0.4, i.h * (0.78 - body))
    p.cylinder(0, 0, i.h * 0.94, i.w * 0.44, i.w * 0.44, i.h * 0.06, DARK)
    p.cylinder(0, 0, i.h * 0.18, i.w * 1.02, i.w * 1.02, i.h * 0.2, PAGES)


def bowl(p: Pen) -> None:
    """A hollow frustum on a small foot."""
    i = p.item
    p.tube(0, 0, 0.01, i.w * 0.55, i.w * 0.55, i.h - 0.01, taper=1 / 0.55)
    p.cylinder(0, 0, 0, i.w * 0.5, i.w * 0.5, 0.015, shade(i.look, 0.85))
    i.surfaces = [Surface(0, 0, 0.015, i.w * 0.4, i.w * 0.4, TOP_OF_BOWL, "in")]


TOP_OF_BOWL = 0.5


def plate(p: Pen) -> None:
    """A flat disc with a rim."""
    i = p.item
    p.cylinder(0, 0, 0, i.w * 0.7, i.w * 0.7, 0.012)
    p.tube(0, 0, 0.006, i.w * 0.68, i.w * 0.68, i.h - 0.006, shade(i.look, 0.92), taper=1 / 0.68)
    i.surfaces = [Surface(0, 0, 0.012, i.w * 0.5, i.w * 0.5, TOP_OF_BOWL)]


def apple(p: Pen) -> None:
    """A ball with a stalk."""
    i = p.item
    p.ball(0, 0, 0, i.w, i.w, i.w * 0.92)
    p.cylinder(0, 0, i.w * 0.88, 0.008, 0.008, i.w * 0.16, plain(0.25, 0.16, 0.08))


def book(p: Pen) -> None:
    """Lying flat, standing on its lower edge, or open with its pages up."""
    i = p.item
    w, d, t = i.w, i.d, i.h
    if i.states["opening"] == "open":
        for s in (-1, 1):
            p.box(s * w * 0.5, 0, 0, w, d, 0.012)
            p.box(s * w * 0.48, 0, 0.012, w * 0.9, d * 0.94, t * 0.45, PAGES)
        for k in range(4):
            p.box(-w * 0.48, (k - 1.5) * d * 0.18, 0.012 + t * 0.45, w * 0.6, 0.012, 0.002, DARK)
        return
    if i.shape == "standing":  # the spine faces the front
        p.box(0, 0, 0, t, w, d)
        p.box(0, 0.004, d, t * 0.8, w * 0.9, 0.003, PAGES)
        p.box(0, -w / 2, d * 0.65, t * 0.7, 0.003, d * 0.12, PAGES)
        return
    p.box(0, 0, 0, w, d, 0.006)
    p.box(0.005, 0, 0.006, w - 0.012, d - 0.014, t - 0.012, PAGES)
    p.box(0, 0, t - 0.006, w, d, 0.006)
    p.box(-w / 2 + 0.004, 0, 0, 0.008, d, t)
    p.box(0.01, d * 0.18, t, w * 0.6, d * 0.1, 0.002, PAGES)


def magazine(p: Pen) -> None:
    """A flat cover with a picture and a title."""
    i, u = p.item, p.dice.uniform
    p.box(0, 0, 0, i.w, i.d, i.h)
    p.box(0, i.d * 0.38, i.h, i.w * 0.8, i.d * 0.12, 0.002, PAGES)
    patch = plain(*sample_rgb(p.dice, p.dice.pick(("white", "yellow", "red", "blue", "green"))))
    p.box(i.w * u(-0.15, 0.15), -i.d * 0.1, i.h, i.w * 0.5, i.d * 0.4, 0.002, patch)


def box(p: Pen) -> None:
    """A carton: closed with a strip of tape, or open with flaps."""
    i = p.item
    if i.shape == "cubic":
        i.d = i.w = min(i.w, i.d)
        i.h = min(i.h, i.w)
    w, d, h, t = i.w, i.d, i.h, 0.01
    if i.states["opening"] == "closed":
        p.box(0, 0, 0, w, d, h)
        if i.material == "cardboard":
            p.box(0, 0, h, w, 0.05, 0.002, shade(i.look, 0.75))
        else:
            p.box(0, 0, h - 0.03, w + 0.015, d + 0.015, 0.03, shade(i.look, 0.8))
        i.surfaces = []
        return
    p.box(0, 0, 0, w, d, t, shade(i.look, 0.7))
    for s in (-1, 1):
        p.box(0, s * (d / 2 - t / 2), 0, w, t, h)
        p.box(s * (w / 2 - t / 2), 0, 0, t, d, h)
        if i.material == "cardboard":
            flap = d * 0.35
            y = s * (d / 2 + flap * 0.32)
            p.box(0, y, h - 0.01 - flap * 0.35, w, t, flap, shade(i.look, 0.9), tilt=s * 0.8)
    i.surfaces = [Surface(0, 0, t, w * 0.7, d * 0.7, h, "in")]


def vase(p: Pen) -> None:
    """Without flowers: bulbous with a neck, or slim."""
    i = p.item
    if i.shape == "bulbous":
        p.ball(0, 0, 0, i.w, i.w, i.h * 0.7)
        p.cylinder(0, 0, 0, i.w * 0.5, i.w * 0.5, i.h * 0.1)
        p.tube(0, 0, i.h * 0.6, i.w * 0.45, i.w * 0.45, i.h * 0.4, taper=1.4)
    else:
        p.cylinder(0, 0, 0, i.w * 0.65, i.w * 0.65, i.h * 0.6, taper=1.3)
        p.tube(0, 0, i.h * 0.6, i.w * 0.84, i.w * 0.84, i.h * 0.4, taper=0.7)


def cushion(p: Pen) -> None:
    """A soft square that leans back."""
    i = p.item
    lean = -0.3
    p.box(0, 0.02, 0.02, i.w * 0.9, i.d * 0.55, i.h * 0.88, tilt=lean)
    p.ball(0, 0.02, 0.02, i.w * 0.95, i.d, i.h * 0.9, shade(i.look, 1.05), tilt=lean)


def pillow(p: Pen) -> None:
    """A soft rectangle that lies."""
    i = p.item
    p.box(0, 0, i.h * 0.12, i.w * 0.92, i.d * 0.92, i.h * 0.55)
    p.ball(0, 0, 0, i.w, i.d, i.h, shade(i.look, 1.03))


def container(p: Pen) -> None:
    """Basket and trash can: hollow, round or angular, wider at the top."""
    i = p.item
    low = 0.82
    if i.shape == "round":
        p.tube(0, 0, 0, i.w * low, i.w * low, i.h, taper=1 / low)
        p.cylinder(0, 0, 0, i.w * low, i.w * low, 0.02, shade(i.look, 0.6))
    else:
        t = 0.02
        p.box(0, 0, 0, i.w, i.d, t, shade(i.look, 0.6))
        for s in (-1, 1):
            p.box(0, s * (i.d / 2 - t / 2), 0, i.w, t, i.h)
            p.box(s * (i.w / 2 - t / 2), 0, 0, t, i.d, i.h)
    if i.category == "basket":
        cloth = plain(*sample_rgb(p.dice, p.dice.pick(("white", "beige", "grey"))))
        p.ball(0, 0, i.h * 0.45, i.w * 0.7, i.d * 0.7, i.h * 0.4, cloth)
    i.surfaces = [Surface(0, 0, 0.02, i.w * 0.5, i.d * 0.5, i.h, "in")]


def backpack(p: Pen) -> None:
    """A bag with a front pocket and a loop."""
    i = p.item
    p.box(0, 0.02, 0, i.w, i.d * 0.6, i.h * 0.8)
    p.ball(0, 0.02, i.h * 0.55, i.w, i.d * 0.6, i.h * 0.4)
    p.box(0, -i.d * 0.32, i.h * 0.06, i.w * 0.75, i.d * 0.3, i.h * 0.42, shade(i.look, 0.85))
    p.box(0, 0.02, i.h * 0.94, 0.08, 0.03, i.h * 0.06, DARK)


def ball(p: Pen) -> None:
    """A ball, plain or striped."""
    i = p.item
    look = i.look
    if i.shape == "striped":
        look = look._replace(texture=STRIPES, scale=i.w / 2, color2=(0.95, 0.95, 0.95))
    p.ball(0, 0, 0, i.w, i.w, i.w, look)
