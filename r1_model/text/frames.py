"""In which frame the boxes of a text are, and a text's boxes in another frame."""

from __future__ import annotations

import re

import numpy as np

from r1_model.text.answer import Box, TextFrame
from r1_model.text.boxes import along_axes, turned_box
from r1_model.text.grammar import Bounds, format_box, read_box

_BOX = re.compile(r"<obj>[^<>]{0,120}</obj>")


def moved_text(raw: str, old: TextFrame, new: TextFrame) -> str:
    """A text of one frame as it would have been written in another one.

    Earlier turns of a dialogue are read again when the map has grown since, or is looked at from
    elsewhere: their numbers would mean other places. Where the axes differ by less than a quarter
    turn a box keeps its size along the nearest ones. What cannot be read stays as it is.

    Args:
        raw: of the model.
        old: in which it was written.
        new: in which it is read.
    """
    if old == new:
        return raw

    def moved(match: re.Match[str]) -> str:
        found = read_box(match[0], bounds_of(old))
        if found is None:
            return match[0]
        box = along_axes(turned_box(Box(*found), new.yaw - old.yaw))
        return format_box(box.center, box.size, bounds_of(new))

    return _BOX.sub(moved, raw)


def bounds_of(frame: TextFrame) -> Bounds:
    """Minimum and maximum corner, (3,) float64 each, metres."""
    return np.array(frame.low), np.array(frame.high)


def text_frame(yaw: float, bounds: Bounds) -> TextFrame:
    """The frame of a scene that was turned by `yaw` radians about z and has these bounds then."""
    low, high = bounds
    return TextFrame(yaw, tuple(map(float, low)), tuple(map(float, high)))
