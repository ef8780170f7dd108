"""What the words before an English prohibition ask for: an order, its skills, and its noun."""

from __future__ import annotations

import re

from r1_model.plans.prohibitions.english.orders import opens
from r1_model.plans.verbs import HANDLING, english_actions, verbs_in
from r1_model.text.singular import singular

_TIDY_UP = re.compile(r"\b(?:tidy|clean)(?:ing)? up\W*$")
_NOUN = re.compile(
    r"\b(?:the|my|all|any|an?|every|each|some|both)\s+(?:\w+\s+)*?(\w+)\b"
    r"(?=(?:\s(?:on|off|up|down|away|out|back))?\W*$|\s+(?:will|is)\b)"
)
_JUST = re.compile(r"\b(?:just|please|then) $")
_NOUN_AT_END = re.compile(r"\b(?:the|my|our|that|this|those|these|an?) [\w' -]+$")
_JOINS = re.compile(
    r"\b(?:that|which|who|where|when|if|because|why|how|i|you|we|they|he|she|it|kids|children|"
    r"people|guests)\b"
)
# "the mug - the red one": told apart, not named
_WHICH_ONE = re.compile(r"[\s,–—-]+(?:the|that|this|my)(?: [\w'-]+){0,2} ones?\W*$")
_ONE = re.compile(r"\bone(?P<more>s?)\b")
# "except the red": the noun was said before
_ADJECTIVE = re.compile(
    r"(?:the|my)\s+(?:red|green|blue|yellow|black|white|grey|gray|brown|orange|pink|purple|big|"
    r"small|large|little|left|right|old|new|tall|short|upper|lower|top|bottom|other)\W*$"
)


def asks(before: str) -> bool:
    """Does an order stand there?"""
    verb = next(verbs_in(before, chinese=False), None)
    return verb is not None and opens(before[: verb.start()])


def runs_on(before: str) -> bool:
    """An order that ends in a thing, and no mark behind it: speech written down has none."""
    orders = (
        verb
        for verb in verbs_in(before, chinese=False)
        if opens(before[: verb.start()]) or _JUST.search(before[: verb.start()])
    )
    verb = next(orders, None)
    if verb is None:
        return False
    return _NOUN_AT_END.search(before) is not None and not _JOINS.search(before[verb.end() :])


def asked_actions(clause: str) -> frozenset[str]:
    """The skills of all verbs of a clause."""
    if _TIDY_UP.search(clause):
        return HANDLING  # it is about all there is to do
    actions: frozenset[str] = frozenset()
    for verb in verbs_in(clause, chinese=False):
        actions |= english_actions(verb[0], clause[verb.end() :])
    return actions


def with_noun(thing: str, before: str) -> str:
    """ "The red one" and "the red", told apart by the noun that was said before."""
    nouns = _NOUN.findall(_WHICH_ONE.sub("", before))
    if not nouns:
        return thing
    if _ADJECTIVE.match(thing):
        thing = f"{thing.rstrip()} {singular(nouns[-1])}"
    return _ONE.sub(lambda one: nouns[-1] if one["more"] else singular(nouns[-1]), thing)
