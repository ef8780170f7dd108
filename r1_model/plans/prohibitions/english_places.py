"""Where an English clause says that a thing must not be: "nothing goes on the bed"."""

from __future__ import annotations

import re

from r1_model.plans.forbidden import Forbidden
from r1_model.plans.prohibitions.english_things import things_in

_NOT = (
    r"(?:(?:does|do|must|should|shall|may|can) ?(?:not|n't)|can't|cannot|don't|doesn't|mustn't|"
    r"shouldn't|(?:must|should|may) never|never)"
)
_BE_THERE = (
    r"(?:belongs?|ends? up|lands?|goes|go|sits?|stands?|lies?|(?:be|get) (?:left|put|placed))"
)
_PLACE = r"(?P<where>on|onto|in|into|inside|under|near|next to|at)\s+(?P<place>[^.,;:!?]+)"
_ELSEWHERE = re.compile(rf"(?P<thing>.+?)\s+{_NOT}\s+(?:ever )?{_BE_THERE}\s+{_PLACE}")
_NOTHING = re.compile(
    r"\b(?:nothing|no (?P<thing>\w+)) (?:(?:may|must|should|can|is to|are to) )?"
    rf"{_BE_THERE}\s+{_PLACE}"
)
_UNWANTED = re.compile(
    r"\b(?:don't|do not|never) want (?P<thing>(?:the|my|any|that|this|those|these|your|anything)\b"
    r"(?:(?! you\b)[^.,;:!?])*?)\s*\b" + _PLACE + "$"
)
# who walks is driven, not put
_WHO = re.compile(
    r"(?:^|.*\b)(?:you|robot|anyone|anybody|nobody|i|he|she|they|we|who|that|which|kids|children|"
    r"things?)$"
)
_FIRST = re.compile(r"^(?:\W|\b(?:and|but|so|please|remember|also|that|the|my|your|an?|any)\b)*")


def belongs_elsewhere(clause: str) -> Forbidden | None:
    """A prohibition to put a thing, or anything, at a place."""
    nothing = _NOTHING.search(clause)
    # "I don't want the puddle on the floor any longer" asks to take it away
    unwanted = None if re.search(r"\bany ?(?:longer|more)\b", clause) else _UNWANTED.search(clause)
    match = nothing or unwanted or _ELSEWHERE.match(clause)
    if match is None:
        return None
    thing = _FIRST.sub("", match["thing"] or "anything").strip()
    if nothing is None and _WHO.match(thing):
        return None  # the plain reading is about where to go
    places, _ = things_in(match["place"])
    if not places:
        return None
    things, _ = things_in(thing)
    return Forbidden(match.start(), len(clause), frozenset({"place"}), things, places[0])
