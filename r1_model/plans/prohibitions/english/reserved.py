"""What an English clause keeps from the robot for others: "leave it to me", "it isn't for you"."""

from __future__ import annotations

import re

from r1_model.plans.forbidden import Forbidden
from r1_model.plans.prohibitions.english.meant.things import named_in
from r1_model.plans.prohibitions.english.orders import told
from r1_model.plans.verbs import ENGLISH_VERB, EVERYTHING, HANDLING, english_actions, verbs_in

_LATER = (
    r"later|tomorrow|another (?:day|time)|the (?:morning|evening|weekend)|next \w+|"
    r"when i(?:'m| am)? .+"
)
_LEFT_TO = re.compile(
    r"\b(?:leave|leaving|save)\s+(?P<thing>[^.;:!?]+?)\s+"
    rf"(?:to (?:me|us|him|her|them)|(?:for|until|till) (?:{_LATER}))\W*$"
)
_MYSELF = re.compile(
    r"\b(?:(?:i|we|he|she|they)(?:'ll| will| shall)|let me|(?:i|we)(?:'d rather| want to|"
    r"'d like to| would like to| prefer to))\s+(?:just )?"
    rf"(?P<verb>{ENGLISH_VERB})(?P<rest>[^.;:!?]*?)\s+"
    r"(?:myself|ourselves|himself|herself|themselves)\W*$"
)
_NOT_YOURS = re.compile(
    r"(?P<thing>(?:the|my|our|his|her|that|this|those|these)\s.+?)\s+"
    r"(?:(?:is|are) (?:not|none of)|isn't|aren't)\s+"
    r"(?:(?:meant |there )?for you|yours|your (?:business|concern|job|task))\W*$"
)


def reserved(clause: str) -> Forbidden | None:
    """ "Leave the plates to me", "I'll close the window myself", "the vase is not for you"."""
    match = _LEFT_TO.search(clause)
    if match is not None:
        return _left_to(clause, match)
    match = _MYSELF.search(clause)
    if match is not None:
        actions = english_actions(match["verb"], match["rest"])
        things, _, others = named_in(match["rest"], frozenset())
        if actions and things:
            return Forbidden(0, len(clause), actions, things, others=others)
        return None  # "I'll do it myself": what was asked for is only known to who said it
    match = _NOT_YOURS.search(clause)
    if match is not None:
        return Forbidden(0, len(clause), HANDLING, *named_in(match["thing"], HANDLING))
    return None


def _left_to(clause: str, match: re.Match[str]) -> Forbidden | None:
    if not told(clause[: match.start()]):
        return None
    thing, actions = match["thing"], HANDLING
    verb = next(verbs_in(thing, chinese=False), None)
    if verb is not None and verb.start() == 0 and verb[0].endswith("ing"):
        actions = english_actions(verb[0], thing[verb.end() :])
        thing = thing[verb.end() :]
    things, _, others = named_in(thing, frozenset())
    if not things or actions == EVERYTHING:
        return None  # "leave it to me"
    return Forbidden(match.start(), len(clause), actions, things, others=others)
