"""Colours of points as programs write them: bytes, 16 bits, fractions; one rule for all files."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

# Names of three channels; the first that a cloud has counts.
CHANNEL_NAMES = (
    ("red", "green", "blue"),
    ("r", "g", "b"),
    ("diffuse_red", "diffuse_green", "diffuse_blue"),
)
COLORLESS = 160  # grey of points from sensors without colour
_FRACTION, _BYTE, _WORD = 1.5, 255, 65535  # fractions may overshoot 1 a little


def channels_of(names: Collection[str]) -> tuple[str, str, str] | None:
    """The names of red, green and blue among the names of a cloud's fields."""
    return next((three for three in CHANNEL_NAMES if set(three) <= set(names)), None)


def grey(count: int) -> np.ndarray:
    """Colours (count, 3) uint8 of a cloud that has none."""
    return np.full((count, 3), COLORLESS, np.uint8)


def colors_as_bytes(channels: np.ndarray) -> np.ndarray:
    """Channels of any type and range as uint8 of the same shape.

    A file does not say how far its numbers reach. The type and the largest value of the cloud do:
    fractions end at 1, bytes at 255, whatever is larger has 16 bits. What is not finite is black.
    """
    if channels.dtype.itemsize == 1:
        return np.ascontiguousarray(channels).view(np.uint8)
    values = channels.astype(np.float64)
    np.nan_to_num(values, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
    largest = values.max(initial=0.0)
    if largest <= _FRACTION and channels.dtype.kind == "f":
        values *= _BYTE
    elif largest > _BYTE:
        # 257 = 65535 / 255; rounded up, so that no colour becomes black
        values = np.ceil(values / (_WORD // _BYTE))
    return np.rint(np.clip(values, 0, _BYTE)).astype(np.uint8)
