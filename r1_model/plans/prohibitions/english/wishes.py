"""What an English clause wishes not to be: "I'd hate to see it moved", "best if it weren't opened".

A wish names the robot, another, or only the thing that something would be done to.
"""

from __future__ import annotations

import re

from r1_model.plans.forbidden import Forbidden
from r1_model.plans.prohibitions.english.meant.things import named_in, things_in
from r1_model.plans.verbs import ENGLISH_VERB, english_actions, verbs_in

_WHO = r"(?:you|anyone|anybody|someone|somebody|the robot)"
_VERB = rf"(?P<verb>{ENGLISH_VERB})"
_OBJECT = r"(?P<object>(?:the|my|our|his|her|your|that|this|those|these|any)\s[^.;:!?]+?)"
# a participle ends what is wished, or a particle and a time follow it
_DONE = (
    rf"(?P<done>{ENGLISH_VERB})(?=\s*(?:$|[,.]|"
    r"(?:up|down|on|off|away|out|over|again|any ?more|now|by|at|to|in|into|if|while|when)\b))"
)
# "it would be nice if you didn't open it"
_WELCOME = re.compile(
    r"(?:\b(?:would|better|nice|good|great|best|happy|glad|grateful|appreciate|prefer|wish|please|"
    r"thank)\b|'d\b)[^.;:!?]*$"
)
_WORSE = (
    r"(?:hate|mind|regret|upset|annoy|anger|bother|hurt|worry|disappoint|sad|sorry|angry|cross|mad|"
    r"livid|fuming|outraged|displeased|heartbroken|devastated|appalled|"
    r"furious|annoyed|unhappy|disappointed|bad|terrible|a (?:shame|pity))"
)
_UNWELCOME = re.compile(rf"(?:\bwould|'d) (?!not\b|never\b)(?:[\w']+ ){{0,3}}?{_WORSE}\b")
_HATED = re.compile(
    rf"(?:\bwould|'d) (?!not\b|never\b|you\b)(?:\w+ ){{0,2}}?{_WORSE}"
    rf"(?: (?!if\b|for\b)[\w']+){{0,4}}? (?:if|for|to (?:see|find)) "
    rf"(?:{_WHO} (?:to |were to )?{_VERB}|{_OBJECT} "
    rf"(?:(?:to be|were|was|is|got|gets|being|to get) )?{_DONE})"
)
_NOT_HAD = re.compile(
    rf"\b(?:won't|will not|can't|cannot) (?:have|stand|bear)(?: it if)? {_WHO} {_VERB}"
    rf"|\b(?:won't|will not) have {_OBJECT} {_DONE}"
)
# "I never said you could touch it"
_NOT_GRANTED = re.compile(
    r"\b(?:(?:i|we) (?:never|didn't|did not)|nobody|no one) (?:ever )?(?:say|said)(?: that)? "
    rf"you (?:could|can|may|might|were allowed to) {_VERB}"
)
# "I'd rather the stove weren't turned on", "best if it isn't moved"
_NOT_DONE = re.compile(
    r"(?P<lead>\b(?:if|rather|wish|prefer|prefer it|sure|ensure|see to it|"
    r"(?P<terms>provid(?:ed|ing)|as long as|"
    r"so long as|on condition))\b(?: that)?) "
    rf"{_OBJECT} (?:weren't|wasn't|were not|was not|isn't|aren't|is not|are not|"
    rf"(?:didn't|doesn't|did not|does not) get) (?:to be |being )?{_DONE}"
)
_UNWANTED = re.compile(
    r"\b(?:(?:don't|do not|doesn't|does not|never|wouldn't|would not|won't|will not|not) "
    r"(?:want|wish|like|allow|permit|accept|appreciate|let|have(?= you\b))"
    r"|rather not (?:have|see))\b"
    rf"(?:(?P<between>[^.;:!?]*?\b(?:to|be|being|you|anyone|anybody|robot)) {_VERB}"
    rf"|(?P<object>[^.;:!?]+?) (?P<done>{ENGLISH_VERB})"
    r"(?=\s*(?:$|[,.]|(?:up|down|on|off|away|out|over|again|any ?more|now|by|at|to|in|into)\b)))"
)
# "I don't want the plate, I want the mug"; "not any more" asks to take it away
_NOT_WANTED = re.compile(
    r"^\W*(?:(?:and|but|no|well),? )*(?:i|we) (?:don't|do not) (?:want|need) "
    r"(?P<object>(?:the|that|those|these|any)\s[\w' -]+?)\W*$"
)
# "I'm not fine with you opening it"; "I have no problem with you opening it" allows it
_OPPOSED = re.compile(
    r"(?:(?:(?:'m|'re|\bam|\bare|\bis) not|\b(?:isn't|aren't)) (?:\w+ )?\w+ with|"
    r"\b(?:don't|do not|doesn't) agree with|\b(?<!not )(?<!n't )(?:against|objects? to))"
    rf" (?:{_WHO}|your|anyone's) (?P<verb>{ENGLISH_VERB})(?<=ing)"
)
# "I'd rather you wiped the table than moved the vase"
_RATHER_THAN = re.compile(rf"\b(?:rather|sooner)\b [^.;:!?]*?\bthan (?:you )?{_VERB}")
# who fears for a thing may want it put away: "it'd be a shame if it were broken"
_COMES_TO_HARM = re.compile(r"(?:br[eo]|damag|st[eo]l|steal)")
_ABOUT_SPEAKER = re.compile(r"\bmyself\b|\bourselves\b")


def welcome(before: str) -> bool:
    """Is what follows "if" wished for: "it would be nice", not "it would be sad"?"""
    return _WELCOME.search(before) is not None and not unwelcome(before)


def unwelcome(before: str) -> bool:
    """Would what follows be regretted: "it would be a shame not to"?"""
    return _UNWELCOME.search(before) is not None


def wished_away(clause: str) -> Forbidden | None:
    """What the speaker does not want, or would be sorry to see."""
    hated = _HATED.search(clause) or _NOT_HAD.search(clause)
    if hated is not None and not _COMES_TO_HARM.match(hated.groupdict().get("done") or ""):
        return _found(clause, hated)
    not_done = _NOT_DONE.search(clause)
    if (
        not_done is not None
        and _COMES_TO_HARM.match(not_done["done"]) is None
        # "make sure that it isn't open" asks to close it
        and not (not_done["done"] == "open" and not_done["lead"].startswith(("sure", "ens", "see")))
        and (not_done["lead"] != "if" or welcome(clause[: not_done.start()].rstrip()))
    ):
        return _found(clause, not_done)
    opposed = _RATHER_THAN.search(clause) or _OPPOSED.search(clause)
    opposed = opposed or _NOT_GRANTED.search(clause)
    if opposed is not None:
        return _found(clause, opposed)
    thing = _NOT_WANTED.match(clause)
    if thing is not None and not any(verbs_in(thing["object"], chinese=False)):
        if re.search(r"\b(?:any ?more|any ?longer|now|on|off|open|closed)$", thing["object"]):
            return None
        return Forbidden(
            0, len(clause), frozenset({"pick", "place"}), things_in(thing["object"])[0]
        )
    unwanted = _UNWANTED.search(clause)
    # "it's not that I don't want you to"
    if unwanted is None or re.search(
        r"\bwhy\b|\bnot (?:that|because)\b", clause[: unwanted.start()]
    ):
        return None
    if unwanted["between"] == " to" and _ABOUT_SPEAKER.search(clause):
        return None  # "I don't want to open it myself, do it for me"
    return _found(clause, unwanted)


def _found(clause: str, match: re.Match[str]) -> Forbidden | None:
    groups, rest = match.groupdict(), clause[match.end() :]
    actions = english_actions(groups.get("verb") or match["done"], rest)
    if not actions or re.fullmatch(r"\s*(?:the|this|that|my|any)\s*", groups.get("object") or ""):
        return None  # "I don't like the mess"
    said = groups.get("between") or groups.get("object") or ""
    before = re.sub(r"\b(?:for|you|anyone|anybody|the robot|to|be|being)\b", " ", said)
    done = groups.get("done") is not None and "between" not in groups
    named = before if done or not things_in(rest)[0] else rest
    # "you can take it, provided the lamp isn't touched"
    start = match.start() if groups.get("terms") else 0
    return Forbidden(
        start,
        len(clause),
        actions,
        *named_in(named, actions if "between" not in groups else frozenset()),
    )
