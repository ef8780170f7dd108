"""Which things an English clause that forbids names, and where something must not be put."""

from __future__ import annotations

import re

from r1_model.plans.standing import standing_in
from r1_model.plans.verbs import CARRYING, ENGLISH_VERB

_ANYTHING = re.compile(
    r"^(?:any|every|some|no)?(?:things?|body|one|where)?(?: (?:else|other))?$|"
    r"^(?:it|they|them|that|this|those|these|one|ones|all|stuff|both|any|me|us|you|yourself|around|up|"
    r"objects?|items?|the room)(?: .*)?$"
)
_OTHERS = re.compile(r"\b(?:else|others?)\b")
_PREPOSITION = re.compile(
    r"\b(?:onto|on|into|in|inside|under|underneath|to|at|near|next to|beside|behind|over)\b"
)
_DETERMINER = re.compile(
    r"^(?:(?:the|an?|my|your|our|any|all|that|this|those|these|some|every|each|either|both|of|"
    r"on|off|up|down|over|to|at|in|into|inside|through|past|close|close to|anywhere|near|towards?|"
    r"me|us|him|her|with|for|from)\s+)+"
)
# behind an article it tells which one: "the broken chair"
_PARTICIPLE = re.compile(rf"(?:the|my|our|your|an?)\s+(?=\w+(?:ed|en)\b){ENGLISH_VERB}(?<!open)")
_TAIL = re.compile(
    r"\b(?:please|yet|again|now|ever|at all|today|tonight|anymore|any more|for me|for now|though|"
    r"(?:for|to) (?:you|us)|"
    r"while .*|when .*|whenever .*|if .*|unless .*|until .*|since .*|because .*|"
    r"under any circumstances|"
    rf"in the process|to do (?:so|that|it)|to {ENGLISH_VERB} .*|on|off|up|down)\W*$"
)
# what no hand takes up
NO_THING = re.compile(
    r"\b(?:smells?|odou?rs?|stench|noise|sounds?|cold|heat|warmth|draughts?|drafts?|rain|snow|wind|"
    r"fog|smoke|stains?|spots?|dirt|dust|mess|pain|problems?|questions?|doubts?|offers?|rules?|"
    r"plans?|dangers?|risks?|fact|feeling|memory|memories|time|weather)\W*$"
)


def named_in(text: str, actions: frozenset[str]) -> tuple[tuple[str, ...], str, bool]:
    """Things, place, and whether it is about all others.

    Args:
        text: what follows the verb of a clause, in small letters.
        actions: what the verb does.
    """
    text = re.sub(r"\s+", " ", text).strip()
    place = ""
    if "place" in actions and actions < CARRYING:
        split = _PREPOSITION.search(text)
        if split is not None and text[: split.start()].strip():
            place = _DETERMINER.sub("", text[split.end() :].strip() + " ").strip(" ,.!?")
            place = "" if _ANYTHING.match(place) else place
            text = text[: split.start()]
    things, others = things_in(text)
    return things, place, others


def things_in(text: str) -> tuple[tuple[str, ...], bool]:
    """Noun phrases, empty where they leave open what is meant, and whether all others are."""
    others = _OTHERS.search(text) is not None
    names = []
    for part in re.split(r"\b(?:or|and|nor)\b|,|/", text):
        name = part.strip(" \t\"'.,!?-–—")
        while (shorter := _TAIL.sub("", name).strip(" ,.!?")) != name:
            name = shorter
        name = _DETERMINER.sub("", name + " ").strip()
        if " " in name and not _PARTICIPLE.match(part.lstrip()):
            name = re.sub(rf"^(?:to )?{ENGLISH_VERB}\s*", "", name)
        name = _DETERMINER.sub("", name + " ").strip()
        if name and _ANYTHING.match(name) and standing_in(name) is None:
            return (), others
        if name:
            names.append(name)
    return tuple(names), others
