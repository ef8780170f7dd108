"""The words that r1-tiny has read in questions, and all other words of English.

A word of either is no typing error: "boat" stays a boat, though no room of the training holds one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from spellchecker import SpellChecker

FOLDER = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Vocabulary:
    """How often words stand in questions.

    Attributes:
        words: small letters -> count; a point: questions.
        pairs: two words that follow each other -> count; before the first and behind the last
            one stands a point.
        things: words of names of things.
        phrases: two words that follow each other in a name.
    """

    words: Mapping[str, int]
    pairs: Mapping[tuple[str, str], int]
    things: frozenset[str]
    phrases: frozenset[tuple[str, str]]


@cache
def vocabulary() -> Vocabulary:
    """Of words.txt and names.txt."""
    words: dict[str, int] = {}
    pairs: dict[tuple[str, str], int] = {}
    for line in (FOLDER / "words.txt").read_text(encoding="utf-8").splitlines():
        *row, count = line.split()
        if len(row) == 1:
            words[row[0]] = int(count)
        else:
            pairs[row[0], row[1]] = int(count)
    names = [
        name.split() for line in names_file() for name in line.split(";")[0].lower().split("/")
    ]
    things = frozenset(word for name in names for word in name)
    phrases = frozenset(pair for name in names for pair in zip(name, name[1:], strict=False))
    return Vocabulary(words, pairs, things, phrases)


def names_file() -> list[str]:
    """The lines of names.txt."""
    return (FOLDER / "names.txt").read_text(encoding="utf-8").splitlines()


@cache
def english() -> SpellChecker:
    """All of English, with counts from subtitles; loaded when a strange word comes (0.2 s)."""
    return SpellChecker(language="en", distance=1)
