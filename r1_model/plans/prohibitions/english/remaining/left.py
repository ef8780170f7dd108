"""What an English clause wants to stay as it is: "leave the lamp on", "the laptop stays put"."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

from r1_model.plans.forbidden import Forbidden
from r1_model.plans.prohibitions.english.away import NEARING, ROOM
from r1_model.plans.prohibitions.english.meant.asked import runs_on
from r1_model.plans.prohibitions.english.meant.things import named_in, things_in
from r1_model.plans.prohibitions.english.orders import opens, told
from r1_model.plans.prohibitions.english.wishes import welcome
from r1_model.plans.verbs import ENGLISH_VERB, HANDLING, verbs_in

_STATES = (
    r"alone|be|untouched|unopened|as (?:it is|is|they are|it was)|"
    r"the way (?:it is|they are)|where (?:it is|they are|it stands)|in peace|put|"
    r"undisturbed|unmoved|as you found (?:it|them)|"
    r"open|opened|closed|shut|drawn|locked|on|off|lit|unlit|dark|running|plugged in|unplugged|"
    r"switched on|switched off"
)
_NAMED = r"(?P<thing>(?:the|my|our|his|her|that|this|those|these)\s[^.,;:!?]+?)"
_STAYS = re.compile(
    r"(?<!n't )(?<!not )(?<!never )\b(?:leave|keep|kept|left|keeping|leaving)\s+"
    rf"(?P<thing>.+?)\s+(?P<state>{_STATES})$"
)
# "let the vase stand"
# "the vase is fine where it is"
_FINE = re.compile(
    rf"{_NAMED}(?:'s| is| are) (?:just |perfectly |quite )?"
    r"(?:fine|good|great|perfect|okay|all right) "
    r"(?P<state>(?:the way|as|where|like) (?:it is|it's|they are|that)|as is)$"
)
# "the vase is fragile, leave it"; "if it's heavy, leave it" is a condition
_LEAVE_IT = re.compile(
    r"^\W*(?:(?:and|but|so|please|just) )*leave (?P<thing>it|them|that|those)(?P<state>)$"
)
# "open the blinds, leave the plants"; who leaves a room goes
_LEFT_SO_FAR = re.compile(
    r"\bleave (?P<thing>(?:the|my|our|his|her|those|these|any)\s(?!\w+ (?:of|to|for|in|on|at|"
    r"with|by)\b)"
    r"(?:(?!\b(?:and|that|which|who|in|on|at|to|for|with|by|under|behind|open|closed|"
    r"alone)\b)[\w'-]+ ?){1,4}?)"
    r"(?P<state>)(?: (?:please|though|out|out of (?:it|this)))?$"
)
_GONE_FROM = re.compile(
    r"\b(?:house|building|flat|apartment|home|place|area|scene|premises|table to me|school|work|"
    r"city|rest|choice|decision|impression|key)\W*$"
)
_LET = re.compile(
    rf"(?<!n't )(?<!not )(?<!never )\blet {_NAMED} (?P<state>be|stand|stay|lie|sit|rest)"
    r"(?: (?:here|there|where \w+ (?:is|are)))?$"
)
_REMAINS = re.compile(
    r"(?P<thing>.+?)\s+"
    r"(?:(?:must|should|shall|may|can|will|has to|have to|needs? to|is to|are to|to)\s+(?:just )?"
    r"(?:stay|remain|be left|be kept)|stays?|remains?|(?:is|are)\s+(?:staying|remaining))\s+"
    rf"(?P<state>{_STATES}|here|there)$"
)
# "with the vase left in peace"; after "if" it has to be wished for
_WISHED_TO_STAY = re.compile(
    rf"\bfor {_NAMED} to (?:stay|remain|be (?:left|kept)) (?P<state>{_STATES}|here|there)$"
)
_LEFT_SO = re.compile(
    rf"\b(?P<lead>if|that|with|see|want|like|prefer|have|rather|sooner|wish) {_NAMED} "
    rf"(?:(?:were|was|be|is|are|to be|being|gets?|got) )?(?:left|kept|stayed|remained) "
    rf"(?P<state>{_STATES}|here|there)$"
)
# "the door you must keep shut"
_TO_BE_KEPT = re.compile(
    rf"^\W*(?:(?:and|but|so|please) )*{_NAMED} you(?:'d better| had better| must| should| will|"
    rf" are to| have to|'ll)? (?:just )?(?:keep|leave) (?P<state>{_STATES})$"
)
_CAN_STAY = re.compile(
    r"(?P<thing>.+?)\s+(?:must|should|may|can|is to|are to)\s+(?:just )?(?P<state>stay)$"
)
_UNWANTED_STATE = re.compile(
    r"\b(?:(?:(?:what )?(?:i|we) )?(?:don't|do not) (?:want|like)(?: is)?|"
    r"(?:rather|better|best|prefer) not (?:to )?(?:have|see)) "
    r"(?P<thing>(?:the|my|that|this|those|these|any) .+?) "
    r"(?:(?:to be|being|left) )?(?P<state>open|on|off|closed|shut|locked)$"
)
_WHEN = re.compile(
    r"(?:,?\s+(?:please|though|as well|too|always|forever|(?:to)?night|today|tomorrow|"
    r"(?:for|at|all|until|till|during|while|whatever|no matter|because|since|even if|if|unless|"
    r"this|from)\b.*))+$"
)
_AND_THEN = re.compile(
    rf"(?:,|\band|\bthen)\s+(?:(?:please|then|just|you can|now)\s+)*{ENGLISH_VERB}"
)
_IF = re.compile(r"\bif (?=(?:the|my|our|his|her|that|this|those|these)\s)")
# who wants it, before what stays: "I would prefer that the knife"
_LEAD = re.compile(
    r"^.*\b(?:prefer|like|love|want|need|wish|hope|trust|expect|rather|says?|said|think|thinks|"
    r"insists?|insisted|demands?|asks?|asked|sure|see|see to it|important|essential|crucial|vital|"
    r"glad|happy|nice|good|great|best|better|grateful|appreciate(?: it)?|remember|note|mind|care|"
    r"sooner|me|us|you|him|her)(?: that| if| for)? (?=(?:the|my|our|his|her|that|this|those|"
    r"these)\s)"
)
_DENIED = re.compile(r"(?:n't|\bnot|\bnever)$")  # "the door doesn't stay open"
_OPINION = re.compile(r"\bwith you\s*$")
_WE_ARE = re.compile(r"\b(?:i'm|i am|we're|we are)\s*$")
_REVERSE = {
    "open": "close", "opened": "close", "closed": "open", "shut": "open", "locked": "open",
    "unopened": "open", "drawn": "open", "lit": "turn_off", "plugged in": "turn_off",
    "unlit": "turn_on", "dark": "turn_on", "unplugged": "turn_on",
    "on": "turn_off", "running": "turn_off", "switched on": "turn_off",
    "off": "turn_on", "switched off": "turn_on",
}  # fmt: skip
_MAKES = {"open": "open", "on": "turn_on", "off": "turn_off", "closed": "close", "shut": "close",
          "locked": "close"}  # fmt: skip


def left_as_it_is(clause: str) -> Forbidden | None:
    """ "Leave the lamp on", "the laptop stays put", "I don't want the window open"."""
    starts = [0, *(match.start() for match in _AND_THEN.finditer(clause)), len(clause)]
    for start, end in pairwise(starts):
        found = _left(clause[start:end])
        if found is not None:
            end = len(clause) if end == len(clause) else start + found.end
            first = 0 if opens(clause[: start + found.start]) else start + found.start
            return replace(found, start=first, end=end)
    return None


def _left(part: str) -> Forbidden | None:
    stripped = _WHEN.sub("", part.rstrip(" ,.!?"))
    made = _UNWANTED_STATE.search(stripped)
    if made is not None:
        actions = frozenset({_MAKES[made["state"]]})
        things, _ = things_in(made["thing"])
        return Forbidden(made.start(), len(part), actions, things, also_request=True)
    stays = _STAYS.search(stripped) or _LET.search(stripped)
    stays = stays or _LEAVE_IT.search(stripped)
    if stays is None:
        stays = _LEFT_SO_FAR.search(stripped)
        if stays is not None and (ROOM.search(stays["thing"]) or _GONE_FROM.search(stays["thing"])):
            stays = None
    stays = stays or _TO_BE_KEPT.search(stripped) or _FINE.search(stripped)
    if stays is not None and _OPINION.search(part[: stays.start()]):
        stays = None  # "I'm not happy with you leaving the lamp on"
    if (
        stays is not None
        and not runs_on(part[: stays.start()].rstrip())
        and not told(_WE_ARE.sub("", part[: stays.start()]))
    ):
        stays = None  # "did someone leave the window open?"
    stays = stays or _left_so(part.rstrip(" ,.!?"))
    stays = (
        stays
        or _REMAINS.search(_without_if(part) or stripped)
        or _WISHED_TO_STAY.search(part.rstrip(" ,.!?"))
    )
    stays = stays or _CAN_STAY.search(stripped)
    if stays is None or _DENIED.search(stays["thing"]):
        return None
    state = stays["state"]
    actions = frozenset({_REVERSE[state]}) if state in _REVERSE else HANDLING
    if state in ("alone", "in peace") and ROOM.search(stays["thing"]):
        actions = NEARING
    # "I'd like it left open" is all a wish; "wipe it with the lamp left on" asks for more
    wish = stays.re in (_LEFT_SO, _WISHED_TO_STAY) and not _ordered(part[: stays.start()])
    return Forbidden(
        0 if wish else stays.start(), len(part), actions,
        *named_in(_LEAD.sub("", stays["thing"]), actions),
        also_request=state in _REVERSE,
    )  # fmt: skip


def _without_if(part: str) -> str:
    """What is wished for after "if": "I'd be glad if the vase stays where it is"."""
    wished = _IF.search(part)
    if wished is None or not welcome(part[: wished.start()].rstrip()):
        return ""
    return _WHEN.sub("", part[wished.end() :].rstrip(" ,.!?"))


def _left_so(part: str) -> re.Match[str] | None:
    found = _LEFT_SO.search(part)
    before = part[: found.start()].rstrip() if found is not None else ""
    if found is None or re.search(r"(?:n't|\bnot|\bnever)\b", before):
        return None  # "don't go out with the window left open"
    if welcome(before) or (found["lead"] != "if" and opens(before)):
        return found
    # "I see the window left open" tells what is; to be left alone is only said as a wish
    alone = found["lead"] in ("that", "with", "want") and found["state"] not in _REVERSE
    wanted = found["lead"] == "want" or (found["lead"] == "with" and _ordered(before))
    return found if alone or wanted else None


def _ordered(before: str) -> bool:
    verb = next(verbs_in(before, chinese=False), None)
    return verb is not None and opens(before[: verb.start()])
