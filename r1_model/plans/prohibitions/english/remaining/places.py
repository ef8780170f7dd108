"""Where an English clause says that a thing must not be, or has to stay: "in the drawer"."""

from __future__ import annotations

import re

from r1_model.plans.forbidden import Forbidden
from r1_model.plans.prohibitions.english.meant.things import named_in, things_in
from r1_model.plans.verbs import HANDLING

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
_NAMED = (
    r"^\W*(?:(?:and|but|so|please|that|then|whatever happens|no matter what),? )*"
    r"(?P<thing>(?:the|my|our|his|her|that|this|those|these)\s[^.,;:!?]+?)"
)
_STAYS_THERE = re.compile(
    rf"{_NAMED} (?:(?:must|should|shall|has to|have to|is to|are to|can|will) (?:stay|remain)|"
    r"stays?|remains?|(?:is|are) (?:staying|remaining)) "
    r"(?:in|on|at|under|inside|with|behind|next to|near) "
    r"(?:the|my|our|his|her|your|its|their|me|us)\b"
)
_GOES_NOWHERE = re.compile(
    rf"{_NAMED} (?:(?:must|should|shall|may|is|are|does|do|will|can)(?:n't| not)|won't|can't|"
    r"cannot|never) (?:(?:supposed|allowed|meant|permitted) )?(?:to )?"
    r"(?:(?:go|goes|going|move|moving) anywhere|move an inch|leave (?:the|its|their|this|that)\b)"
)
_PUT = re.compile(r"\b(?:put|place|return|take|bring|get) (?:it|them|that|this|those|these)\b")
PEOPLE = re.compile(
    r"\b(?:robot|kids?|child(?:ren)?|cats?|dogs?|baby|people|guests?|who|wife|husband|mother|mum|"
    r"mom|father|dad|sons?|daughters?|brothers?|sisters?|grand\w+|friends?|neighbou?rs?)\b"
)
_NO_PLACE = re.compile(
    r"(?P<place>(?:the|my|our|his|her|that|this)\s[^.,;:!?]+?) "
    r"(?:(?:is|are) no|(?:isn't|aren't|(?:is|are) not) (?:the|a)) (?:good |right |proper )?"
    r"place (?:for|to (?:put|place|leave|keep)) (?P<thing>[^.,;:!?]+)"
)
_FIRST = re.compile(r"^(?:\W|\b(?:and|but|so|please|remember|also|that|the|my|your|an?|any)\b)*")


def belongs_elsewhere(clause: str) -> Forbidden | None:
    """A prohibition to put a thing, or anything, at a place."""
    no_place = _NO_PLACE.search(clause)
    if no_place is not None:
        [place, *_] = [*things_in(no_place["place"])[0], ""]
        things, _ = things_in(no_place["thing"])
        return Forbidden(0, len(clause), frozenset({"place"}), things, place) if place else None
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


def goes_nowhere(clause: str) -> Forbidden | None:
    """ "The mug isn't going anywhere"."""
    match = _GOES_NOWHERE.search(clause)
    if match is None or PEOPLE.search(match["thing"]):
        return None
    return Forbidden(0, len(clause), HANDLING, *named_in(match["thing"], frozenset()))


def stays_there(clause: str, after: str) -> Forbidden | None:
    """ "The knife stays in the drawer"; not "it has to stay in the fridge, put it back".

    Args:
        clause: in small letters.
        after: what follows it in the request.
    """
    match = _STAYS_THERE.search(clause)
    if match is None or PEOPLE.search(match["thing"]) or _PUT.search(after):
        return None
    named = named_in(match["thing"], frozenset())
    return Forbidden(0, len(clause), frozenset({"pick", "push"}), *named, also_request=True)
