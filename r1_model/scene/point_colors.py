"""Colours of points as programs write them: bytes, 16 bits, fractions; one rule for all files."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

# How names of three channels end. Programs put their own words in front: diffuse_red, scalar_R.
_ENDS = (("red", "green", "blue"), ("r", "g", "b"))
_FIRST = ("", "diffuse_")  # of several such words these count before the others
COLORLESS = 160  # grey of points from sensors without colour
_FRACTION, _BYTE, _WORD = 1.5, 255, 65535  # fractions may overshoot 1 a little
_PACKED_MAX = 0xFFFFFF


def channels_of(names: Collection[str]) -> tuple[str, str, str] | None:
    """The names of red, green and blue among the names of a cloud's fields, in small letters."""
    for ends in _ENDS:
        words = [name.removesuffix(ends[0]) for name in names if name.endswith(ends[0])]
        for word in (*_FIRST, *(w for w in words if w.endswith("_"))):
            red, green, blue = (word + end for end in ends)
            if {red, green, blue} <= set(names):
                return red, green, blue
    return None


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


def unpacked(values: np.ndarray) -> np.ndarray:
    """Colours (N, 3) uint8 of one field with all channels: (N, 3 or 4) values or (N, 1) words.

    A word is 0xRRGGBB, as an integer, as the bits of a float, or as a float with that value; grey
    where a value is too short to be one.
    """
    if values.shape[1] >= 3:
        return colors_as_bytes(values[:, :3])
    if values.shape[1] != 1 or values.dtype.itemsize < 4:
        return grey(len(values))
    words = values[:, 0].astype(values.dtype.newbyteorder("="))
    if words.dtype.kind == "f":
        words = _words_of(words)
    return np.stack([words >> shift & 255 for shift in (16, 8, 0)], -1).astype(np.uint8)


def _words_of(values: np.ndarray) -> np.ndarray:
    """Words (N,) uint32 of floats. No bits of a colour are a whole number above 0 as a float."""
    largest = np.nanmax(values, initial=0.0)
    if 1 <= largest <= _PACKED_MAX and (values == np.rint(values)).all():
        return values.astype(np.uint32)
    with np.errstate(over="ignore"):
        return values.astype(np.float32).view(np.uint32)
