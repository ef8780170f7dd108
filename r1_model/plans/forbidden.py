"""One thing that a request forbids."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Prohibition:
    """Steps that must not be in a plan: one of `actions` on one of `things`.

    Attributes:
        actions: names of skills.
        things: noun phrases in small letters, Chinese in Simplified; empty: any thing.
        place: where something must not be put; empty: anywhere.
        others: things that the rest of the request names are excepted ("anything else").
        words: as the user said it.
        halts: a bare "stop": it ends what is going on, and holds for no later turn.
        spared: as many of the things may be acted on; 0 for none.
    """

    actions: frozenset[str]
    things: tuple[str, ...] = ()
    place: str = ""
    others: bool = False
    words: str = ""
    halts: bool = False
    spared: int = 0


@dataclass(frozen=True)
class Forbidden:
    """A prohibition where it stands in a text.

    Attributes:
        start, end: its span.
        actions, things, place, others, halts, spared: see `Prohibition`.
        also_request: the same words may ask for a step ("keep the window closed").
    """

    start: int
    end: int
    actions: frozenset[str]
    things: tuple[str, ...] = ()
    place: str = ""
    others: bool = False
    also_request: bool = False
    halts: bool = False
    spared: int = 0
