"""Exact match of short answers: as it is, and after the field's cleaning (LEO's evaluation)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

# Typing errors that SQA3D's annotators made, and spellings that mean the same.
_SPELLINGS = {
    "letf": "left",
    "let": "left",
    "tehre": "there",
    "rigth": "right",
    "rght": "right",
    "behine": "behind",
    "tv": "TV",
    "chai": "chair",
    "wasing": "washing",
    "waslked": "walked",
    "oclock": "o'clock",
}
_ONES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_TEENS = ("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen")
_NUMBERS: dict[int | str, str] = {
    **dict(enumerate((*_ONES, *_TEENS, "eighteen", "nineteen", "twenty"))),
    23: "twenty-three",
    "none": "zero",
}


def _word_table(table: Mapping[Any, str]) -> tuple[re.Pattern[str], dict[str, str]]:
    words = {str(word): replacement for word, replacement in table.items()}
    return re.compile(rf"\b({'|'.join(words)})\b"), words


_REPLACED = (_word_table(_SPELLINGS), _word_table(_NUMBERS))
_DROPPED = re.compile(r"[^a-zA-Z0-9,'\s\-:]+")
_OTHER_LETTER = re.compile(r"[^\W\d_\u0000-\u024f]")  # of no Latin alphabet
_WORD = re.compile(r"[^\W_]")
_TRAILING_DIGIT = re.compile(r"\b([a-zA-Z]+)[0-9]\b")
_ARTICLES = [re.compile(rf"\b{article}\b ([a-zA-Z]+)") for article in ("a", "an", "the")]


def _replacement(words: Mapping[str, str], found: re.Match[str]) -> str:
    return words[found[0]]


def clean_answer(text: str) -> str:
    """The answer as LEO's evaluation compares it.

    Lower case; without most punctuation, articles and a digit at a word's end; numbers up to 20
    as words; common misspellings mended.
    """
    text = re.sub(" {2,}", " ", text.lower().strip(" "))
    text = _DROPPED.sub("", text)
    for pattern, words in _REPLACED:
        text = pattern.sub(partial(_replacement, words), text)
        text = re.sub(r"\bo'[ ]+clock\b", "o'clock", text)
    text = _TRAILING_DIGIT.sub(r"\1", text)
    for article in _ARTICLES:
        text = article.sub(r"\1", text)
    return re.sub(r"\bbackwards\b", "backward", text)


def exact_match(candidate: str, references: Sequence[str]) -> bool:
    """Official ScanQA: the text is one of the references, letter by letter."""
    return candidate in references


def cleaned_match(candidate: str, references: Sequence[str]) -> tuple[bool, bool]:
    """EM and refined EM after cleaning, as LEO reports them.

    Refined: one contains the other, white space ignored. References are tried in order and the
    first that matches in any way decides, so EM can be False although a later one is equal: this
    is how the field's numbers were made. The cleaning is for English: what is compared with a
    reference in letters that it does not know stays as it is, in lower case.
    """
    for reference in references:
        if _foreign(reference):
            said, wanted = candidate.lower().strip(), reference.lower().strip()
        else:
            said, wanted = clean_answer(candidate), clean_answer(reference)
        if said == wanted:
            return True, True
        squeezed, target = "".join(said.split()), "".join(wanted.split())
        if squeezed in target or target in squeezed:
            return False, True
    return False, False


def _foreign(text: str) -> bool:
    """Whether cleaning would take the words away: without them any two texts are alike."""
    if _OTHER_LETTER.search(text):
        return True
    return bool(_WORD.search(text)) and not _WORD.search(clean_answer(text))
