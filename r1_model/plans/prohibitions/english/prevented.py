"""What must not come about, said of a thing: "keep it from closing", "without it being moved"."""

from __future__ import annotations

import re

from r1_model.plans.forbidden import Forbidden
from r1_model.plans.prohibitions.english.meant.things import named_in
from r1_model.plans.prohibitions.english.orders import told
from r1_model.plans.verbs import ENGLISH_VERB, english_actions

_PREVENTED = re.compile(
    r"\b(?:(?P<alone>without|instead of|rather than)|keep(?:ing)?|stop(?:ping)?|prevent(?:ing)?|"
    r"avoid(?:ing)?)\s+"
    r"(?P<thing>(?:the|my|our|his|her|that|this|those|these|any|it|them)\b[^.,;:!?]*?)\s+"
    r"(?:(?P<passive>(?:from\s+)?(?:being|getting))|(?P<itself>from))\s+"
    rf"(?P<verb>{ENGLISH_VERB})"
)
_DENIED = re.compile(r"(?:n't|\bnot|\bnever|\bcannot)$")
# who is kept from touching a thing is not told to leave it: "keep the cat from touching the vase"
_ITSELF = re.compile(
    r"\s*(?:by itself|again|shut|open|on|off|over|down|up|please|too|tonight|today|"
    r"(?:when|while|as|until|till|if|because|during)\b.*)*\W*$"
)
_BY_OTHERS = re.compile(r"\s+by (?!you\b|the robot\b)")
# "keep the vase from being knocked over" may ask to put it away
_HARM = re.compile(r"(?:br[eo]|damag|st[eo]l|steal|knock|toppl|bump|tip|spil)")
_NEXT = re.compile(rf"\s+and (?:please |then |just )*(?!being\b|getting\b){ENGLISH_VERB}")


def prevented(clause: str) -> Forbidden | None:
    """What a thing is to be kept from, or what is to be done without."""
    match = _PREVENTED.search(clause)
    if match is None:
        return None
    before = clause[: match.start()].rstrip()
    if _DENIED.search(before) or not (match["alone"] or told(before)):
        return None
    following = _NEXT.search(clause, match.end())
    end = following.start() if following is not None else len(clause)
    rest = clause[match.end() : end]
    if match["itself"] and not (match["verb"].endswith("ing") and _ITSELF.match(rest)):
        return None
    if match["passive"] and (
        _BY_OTHERS.match(rest) or not match["alone"] and _HARM.match(match["verb"])
    ):
        return None
    actions = english_actions(match["verb"], rest)
    if not actions:
        return None
    return Forbidden(match.start(), end, actions, *named_in(match["thing"], frozenset()))
