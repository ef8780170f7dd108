"""What pictures, boxes and books show: motifs and digits that only a camera can make out."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from r1_training.synthetic.household.pack import TILE

# motif -> English, Traditional, Simplified
MOTIFS: dict[str, tuple[str, str, str]] = {
    "star": ("star", "星星", "星星"),
    "heart": ("heart", "愛心", "爱心"),
    "moon": ("moon", "月亮", "月亮"),
    "sun": ("sun", "太陽", "太阳"),
    "tree": ("tree", "樹", "树"),
    "flower": ("flower", "花", "花"),
    "fish": ("fish", "魚", "鱼"),
    "house": ("house", "房子", "房子"),
    "boat": ("boat", "船", "船"),
    "arrow": ("arrow", "箭頭", "箭头"),
} | {str(digit): (str(digit), str(digit), str(digit)) for digit in range(10)}
_INK, _PAPER = 22, 128  # a texture multiplies a colour by its texel over 128
_UNIT = TILE / 64


@cache
def motif_tiles() -> np.ndarray:
    """(2 * motifs, TILE, TILE, 3) uint8: each as a front shows it, then as a top does.

    Textures start at an object's middle: a front is moved by half a tile across, a top both ways.
    """
    tiles = []
    for motif in MOTIFS:
        picture = np.asarray(_drawn(motif))
        tiles.append(np.roll(picture, TILE // 2, 1))
        tiles.append(np.roll(picture, (TILE // 2, TILE // 2), (0, 1)))
    return np.stack(tiles)


def motif_tile(motif: str, *, top: bool) -> int:
    """Which of `motif_tiles` shows a motif."""
    return 2 * list(MOTIFS).index(motif) + top


def is_digit(motif: str) -> bool:
    """Is it a number?"""
    return motif.isdigit()


def _drawn(motif: str) -> Image.Image:
    big = Image.new("RGB", (4 * TILE, 4 * TILE), (_PAPER,) * 3)
    draw = ImageDraw.Draw(big)
    draw.rectangle((4, 4, 4 * TILE - 5, 4 * TILE - 5), outline=(_INK,) * 3, width=6)
    if is_digit(motif):
        font = ImageFont.load_default(int(200 * _UNIT))
        draw.text((128 * _UNIT, 128 * _UNIT), motif, fill=(_INK,) * 3, font=font, anchor="mm")
    else:
        _SHAPES[motif](_Ink(draw))
    return big.resize((TILE, TILE), Image.Resampling.LANCZOS)


class _Ink:
    """Draws in units of a 256-pixel square."""

    def __init__(self, draw: ImageDraw.ImageDraw) -> None:
        self.draw = draw

    def disc(self, x: float, y: float, r: float, *, paper: bool = False) -> None:
        box = [v * _UNIT for v in (x - r, y - r, x + r, y + r)]
        self.draw.ellipse(box, fill=(_PAPER if paper else _INK,) * 3)

    def polygon(self, *points: tuple[float, float]) -> None:
        self.draw.polygon([(x * _UNIT, y * _UNIT) for x, y in points], fill=(_INK,) * 3)


def _ring(count: int, radius: float, start: float = -90.0) -> list[tuple[float, float]]:
    angles = [math.radians(start + 360 * k / count) for k in range(count)]
    return [(128 + radius * math.cos(a), 128 + radius * math.sin(a)) for a in angles]


def _star(ink: _Ink) -> None:
    outer, inner = _ring(5, 95), _ring(5, 40, -54)
    ink.polygon(*(p for pair in zip(outer, inner, strict=True) for p in pair))


def _heart(ink: _Ink) -> None:
    ink.disc(90, 100, 42)
    ink.disc(166, 100, 42)
    ink.polygon((54, 122), (202, 122), (128, 215))


def _moon(ink: _Ink) -> None:
    ink.disc(128, 128, 85)
    ink.disc(165, 115, 75, paper=True)


def _sun(ink: _Ink) -> None:
    ink.disc(128, 128, 48)
    for (x, y), (a, b) in zip(_ring(8, 68), _ring(8, 100), strict=True):
        across, along = (b - y) / 4, (x - a) / 4
        ink.polygon((x + across, y + along), (x - across, y - along), (a, b))


def _tree(ink: _Ink) -> None:
    ink.polygon((112, 170), (144, 170), (144, 222), (112, 222))
    ink.polygon((128, 30), (195, 110), (61, 110))
    ink.polygon((128, 80), (210, 175), (46, 175))


def _flower(ink: _Ink) -> None:
    for x, y in _ring(6, 55):
        ink.disc(x, y, 33)
    ink.disc(128, 128, 24, paper=True)


def _fish(ink: _Ink) -> None:
    for k in range(12):
        ink.disc(70 + 9 * k, 128, 52 * math.sin(math.pi * (k + 1.5) / 15))
    ink.polygon((165, 128), (222, 80), (222, 176))
    ink.disc(88, 116, 8, paper=True)


def _house(ink: _Ink) -> None:
    ink.polygon((128, 35), (222, 120), (34, 120))
    ink.polygon((56, 120), (200, 120), (200, 215), (56, 215))
    ink.disc(128, 165, 22, paper=True)


def _boat(ink: _Ink) -> None:
    ink.polygon((36, 160), (220, 160), (180, 212), (76, 212))
    ink.polygon((124, 40), (124, 146), (58, 146))
    ink.polygon((136, 60), (196, 146), (136, 146))


def _arrow(ink: _Ink) -> None:
    ink.polygon((40, 108), (140, 108), (140, 62), (222, 128), (140, 194), (140, 148), (40, 148))


_SHAPES = {
    **{"star": _star, "heart": _heart, "moon": _moon, "sun": _sun, "tree": _tree},
    **{"flower": _flower, "fish": _fish, "house": _house, "boat": _boat, "arrow": _arrow},
}
