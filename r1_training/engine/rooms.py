"""Items from synthetic rooms."""

from __future__ import annotations

from collections.abc import Iterator

from r1_training.engine.items import Item


def room_items(rooms: int, first_seed: int) -> Iterator[Item]:
    """x."""
    yield from ()
