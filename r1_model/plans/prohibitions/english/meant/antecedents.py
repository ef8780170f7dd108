"""Which of several things an English "it" means: "mind the vase: it must not be moved"."""

from __future__ import annotations

import re

from r1_model.plans.prohibitions.english.meant.asked import asked_actions

_NOUNS = (
    r"(?P<thing>(?:the|my|our|his|her|that|this|those|these|an?)\s"
    r"(?:(?!\b(?:and|but)\b)[^.,;:!?])+?)"
)
_THEN = r"(?=\W*$|\s(?:when|while|as|if|because|since)\b)"
# who is told to mind a thing is told about it
_MINDED = re.compile(
    r"\b(?:mind(?:ing)?|beware of|(?:watch|look)(?:ing)? out for|careful (?:with|of|around|about)|"
    r"cautious (?:with|of|around|about)|respect|remember|notice|note|pay attention to|"
    rf"think of|(?:keep|have) an eye on)\s{_NOUNS}{_THEN}"
)
_AROUND = re.compile(rf"\b(?:around|round|past)\s{_NOUNS}{_THEN}")
_BESIDE = re.compile(
    r"\b(?:next to|near|beside|by|close to|behind|under|in front of|along|between)\s"
    rf"{_NOUNS}{_THEN}"
)


def meant_by_it(said: str, actions: frozenset[str]) -> str:
    """The one of the things named before that "it" means; empty where each may be meant.

    Args:
        said: what stands before, in small letters.
        actions: what must not be done with it.
    """
    minded = _MINDED.search(said)
    if minded is not None:
        return minded["thing"]
    asked = asked_actions(said)
    # "carry the cup around the table, but don't drop it"
    around = _AROUND.search(said) if not asked & {"pick", "place", "push"} else None
    if around is not None:
        return around["thing"]
    # what has to be wiped may be touched: it is the other thing
    beside = _BESIDE.search(said) if asked and asked <= actions else None
    return beside["thing"] if beside is not None else ""
