"""Values that may be missing by their type and must be there by their place."""

from __future__ import annotations

from typing import TypeVar

T = TypeVar("T")


class MissingValueError(RuntimeError):
    """Something is missing that an earlier step should have made; the message names it."""


def present(value: T | None, name: str) -> T:
    """The value.

    Raises:
        MissingValueError: it is None.
    """
    if value is None:
        raise MissingValueError(f"{name} is missing")
    return value
