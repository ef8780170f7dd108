"""Names of colours that meshes come in."""

from __future__ import annotations

import colorsys
from functools import lru_cache

from r1_training.synthetic.rooms.palette import COLORS

# more than one colour: nothing else can be said of it
COLOURFUL = "colourful"
_MARGIN = (4.0, 0.06, 0.06)  # degrees, saturation, value beyond the ranges that rooms are made from


@lru_cache(maxsize=8192)
def nearest_color(rgb: tuple[float, float, float], names: tuple[str, ...]) -> str:
    """The name, of some, whose middle lies nearest to a colour (RGB in [0, 1])."""
    return min(
        names, key=lambda name: sum((a - b) ** 2 for a, b in zip(rgb, _middle(name), strict=True))
    )


@lru_cache(maxsize=64)
def _middle(name: str) -> tuple[float, float, float]:
    color = COLORS[name]
    hue, saturation, value = (sum(r) / 2 for r in (color.hue, color.saturation, color.value))
    return colorsys.hsv_to_rgb(hue % 360 / 360, saturation, value)


@lru_cache(maxsize=4096)
def named_color(rgb: tuple[float, float, float]) -> str | None:
    """The one name that fits a colour (RGB in [0, 1]) beyond doubt; None where none or two do."""
    hue, saturation, value = colorsys.rgb_to_hsv(*rgb)
    hue *= 360
    found = []
    for name, color in COLORS.items():
        (h0, h1), (s0, s1), (v0, v1) = color.hue, color.saturation, color.value
        turns = any(h0 - _MARGIN[0] <= hue + turn <= h1 + _MARGIN[0] for turn in (0, 360))
        if (
            turns
            and s0 - _MARGIN[1] <= saturation <= s1 + _MARGIN[1]
            and v0 - _MARGIN[2] <= value <= v1 + _MARGIN[2]
        ):
            found.append(name)
    return found[0] if len(found) == 1 else None
