"""Colours and materials of the synthetic rooms: names and the ranges that samples come from."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass

from r1_training.synthetic.rooms.rng import Dice


@dataclass(frozen=True)
class Color:
    """A colour name and the box in HSV space that it covers.

    Attributes:
        hue: degrees, (low, high); high may exceed 360 where the range wraps.
        saturation, value: (low, high) in [0, 1].
    """

    hue: tuple[float, float]
    saturation: tuple[float, float]
    value: tuple[float, float]


# Ranges leave gaps, so that two names never share a colour even under changing light.
COLORS: dict[str, Color] = {
    "red": Color((350, 366), (0.75, 0.95), (0.60, 0.90)),
    "orange": Color((20, 30), (0.80, 0.98), (0.85, 1.00)),
    "yellow": Color((47, 57), (0.70, 0.95), (0.80, 1.00)),
    "green": Color((95, 150), (0.45, 0.85), (0.30, 0.70)),
    "blue": Color((208, 236), (0.60, 0.92), (0.40, 0.85)),
    "purple": Color((265, 292), (0.45, 0.80), (0.35, 0.70)),
    "pink": Color((325, 344), (0.28, 0.50), (0.85, 1.00)),
    "brown": Color((18, 28), (0.55, 0.72), (0.36, 0.48)),
    "dark brown": Color((14, 26), (0.45, 0.65), (0.14, 0.24)),
    "light brown": Color((26, 34), (0.38, 0.52), (0.66, 0.80)),
    "beige": Color((36, 46), (0.13, 0.22), (0.82, 0.92)),
    "black": Color((0, 360), (0.00, 0.12), (0.03, 0.10)),
    "grey": Color((0, 360), (0.00, 0.06), (0.32, 0.52)),
    "silver": Color((200, 220), (0.02, 0.06), (0.68, 0.78)),
    "white": Color((0, 360), (0.00, 0.04), (0.92, 1.00)),
}

MATERIALS: tuple[str, ...] = (
    "wood",
    "metal",
    "plastic",
    "glass",
    "fabric",
    "leather",
    "ceramic",
    "stone",
    "paper",
    "cardboard",
    "rubber",
    "wicker",
    "leaves",
    "water",
    "fruit",
)


def sample_rgb(dice: Dice, name: str) -> tuple[float, float, float]:
    """An RGB triple in [0, 1] inside the named colour.

    Raises:
        KeyError: unknown colour name.
    """
    color = COLORS[name]
    hue = dice.uniform(*color.hue) % 360.0 / 360.0
    return colorsys.hsv_to_rgb(hue, dice.uniform(*color.saturation), dice.uniform(*color.value))
