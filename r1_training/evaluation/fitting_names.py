"""Does a label name an object? As whole words."""

from __future__ import annotations

from collections.abc import Sequence


def fits(label: str, names: Sequence[str]) -> bool:
    """Is a label one of an object's names, as whole words? A dining table is a table, a book is no
    bookshelf."""
    said = label.lower().split()
    return any(_within(said, n) or _within(n, said) for n in (m.lower().split() for m in names))


def _within(words: list[str], longer: list[str]) -> bool:
    span = len(words)
    return span > 0 and any(longer[k : k + span] == words for k in range(len(longer) - span + 1))
