"""Checks of options that several commands share: a wrong value ends with status 2 at once."""

from __future__ import annotations

import math
import os
import re
import sys

import typer

from r1_ros.bags.play_clock import MAX_RATE

LONGEST_S = 86400.0  # as the parameter request_timeout
_NAMESPACE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(/[A-Za-z_][A-Za-z0-9_]*)*")


def namespace(value: str) -> str:
    """A ROS namespace without slashes around it; empty: none."""
    name = value.strip("/")
    if name and not _NAMESPACE.fullmatch(name):
        raise typer.BadParameter(
            f"a namespace reads robot1 or fleet/robot1 (letters, digits and '_'), got {value!r}"
        )
    return name


def seconds(value: float) -> float:
    """A time above 0, at most a day."""
    if not 0 < value <= LONGEST_S:
        raise typer.BadParameter(f"must be above 0 and at most {LONGEST_S:g} seconds, got {value}")
    return value


def rate(value: float) -> float:
    """How many times as fast a bag is played."""
    if not 0 < value <= MAX_RATE:
        raise typer.BadParameter(f"must be above 0 and at most {MAX_RATE:g}, got {value}")
    return value


def point(value: tuple[float, float, float] | None) -> tuple[float, float, float] | None:
    """Three numbers, none of them nan or infinite."""
    if value is not None and not all(map(math.isfinite, value)):
        raise typer.BadParameter(f"the coordinates must be finite, got {value}")
    return value


def viewpoint(value: str) -> str:
    """robot, or a direction in degrees; empty: the map's."""
    if value not in ("", "robot"):
        looks_from(value)
    return value


def looks_from(value: str) -> str | float | None:
    """What `R1Client.ask` takes for an option that `viewpoint` has checked."""
    if value in ("", "robot"):
        return value or None
    try:
        degrees = float(value)
    except ValueError:
        degrees = math.nan
    if not math.isfinite(degrees):
        raise typer.BadParameter(f"must be robot, or degrees from the map's +x, got {value!r}")
    return math.radians(degrees)


def check_display(command: str, instead: str) -> None:
    """End where no window can be opened."""
    shown = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if sys.platform == "linux" and not shown:
        raise SystemExit(f"{command}: no display here for the viewer: {instead}")


def text(value: str) -> str:
    """Words for the model: whole characters, whatever the terminal sent.

    A byte that the terminal's encoding does not know comes as a lone surrogate.
    """
    try:
        value.encode()
    except UnicodeEncodeError as error:
        told = value.encode(errors="surrogateescape")[:40]
        raise SystemExit(
            f"r1: not {sys.getfilesystemencoding()} at character {error.start + 1}: {told!r}; "
            "set LANG to the encoding of this terminal"
        ) from None
    return value
