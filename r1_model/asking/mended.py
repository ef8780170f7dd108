"""A question as a small model has learned to read it: typed right, with names that it knows."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache

from r1_model.asking.languages import understood
from r1_model.asking.question import MAX_QUESTION_CHARACTERS, Question, question_length
from r1_model.plans.prohibitions.request import Request, read_request
from r1_model.spelling.correction import corrected
from r1_model.spelling.other_names import with_known_names
from r1_model.text.wording import plain_wording

_TAG = re.compile(r"(<[^<>]{0,120}>(?:[^<]{0,120}</obj>)?)")
_HAN = re.compile(r"[\u3400-\u9fff]")


@lru_cache(maxsize=1024)  # the turns of a dialogue come again with each question
def mended(text: str) -> str:
    """A text without typing errors and with known names; other languages and boxes as they are.

    What it forbids stays forbidden: where a correction would lose that, the text stays.
    """
    if question_length(text) > MAX_QUESTION_CHARACTERS or not understood(text):
        return text
    chinese = _HAN.search(text) is not None
    parts = [
        part if _TAG.fullmatch(part) else with_known_names(part if chinese else corrected(part))
        for part in _TAG.split(text)
    ]
    result = "".join(parts)
    return result if result == text or _forbids(result) >= _forbids(text) else text


def mended_question(question: Question) -> Question:
    """A question, and the turns before it, as `mended` writes them."""
    history = [replace(turn, question=mended(turn.question)) for turn in question.history]
    return replace(question, text=mended(question.text), history=history)


def meant_request(text: str) -> Request:
    """What a text asks for and forbids, as it was meant."""
    return read_request(plain_wording(mended(text)))


def _forbids(text: str) -> int:
    return len(read_request(plain_wording(text)).prohibitions)
