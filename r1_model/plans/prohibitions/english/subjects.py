"""English clauses whose subject forbids: "nothing may be touched", "only the mug may be taken"."""

from __future__ import annotations

import re

from r1_model.plans.forbidden import Forbidden
from r1_model.plans.prohibitions.english.meant.things import named_in
from r1_model.plans.prohibitions.english.orders import told
from r1_model.plans.verbs import ENGLISH_VERB, english_actions

_VERB = rf"(?P<verb>{ENGLISH_VERB})"
_MAY = r"(?:may|must|should|shall|will|can|could|would|is|are|gets?|has|have|needs?|ought)"
# "nothing on the table may be touched", "none of the lamps is to be switched off"
_NO_SUBJECT = re.compile(
    r"(?:^|\b(?:and|so|but|that|sure|please)\s+|,\s*)"
    r"(?P<no>nothing|none of|neither(?: of)?|not (?:a|one|a single)|zero|"
    r"no(?! (?:one|need|more)\b))"
    rf"(?P<subject>(?:\s+(?!(?:{_MAY})\b)[\w'-]+){{0,6}}?)\s+(?P<may>{_MAY})"
    # "none of them is open" tells what is
    r"(?<!has)(?<!have)(?<!\bis(?! to))"
    r"(?<!\bare(?! to))\s+"
    rf"(?:(?:ever|to|be|being|get|just)\s+)*{_VERB}"
)
# "see to it that no door is opened"
_NONE_SURE = re.compile(
    r"\b(?:see(?: to it)?|make sure|ensure|sure|careful|check)(?: that)? (?P<no>nothing|none of|no)"
    rf"(?P<subject>(?: (?!is\b|are\b|gets?\b)[\w'-]+){{0,4}}?) (?P<may>is|are|"
    rf"gets?) (?:being )?{_VERB}"
)
# "not one of these books leaves the shelf"
_NONE_LEAVES = re.compile(
    r"(?:^|\b(?:and|so|but|that)\s+|,\s*)\W*(?:none of|not (?:a|one|a single)(?: of)?|zero|"
    r"no(?! one\b))(?P<subject>(?: (?!that\b|who\b)[\w'-]+){1,4}?) (?:leaves?|moves?|budges?)\b"
)
# "under no circumstances is the fridge to be opened"
_INVERTED = re.compile(
    r"\b(?:under no (?:circumstances?|conditions?)|at no (?:time|point)|on no account|"
    rf"in no (?:case|way)|by no means|never|nowhere)\s+{_MAY}\s+(?P<subject>(?:[\w'-]+\s+){{1,6}}?)"
    rf"(?P<passive>(?:to\s+)?(?:ever\s+)?be\s+|){_VERB}"
)
# "touch nothing"; "it moved nothing" tells, "bring nothing but the mug" asks for it
_NOTHING = re.compile(
    rf"\b(?!\w+(?:ed|s)\b){_VERB}(?P<particle> (?:on|off|up|down))? nothing\b"
    r"(?=\W*$|\s+(?:and|or|please|in|on|at|from|until|till|while|when|today|tonight)\b)"
)
# "touch neither the vase nor the lamp"
_NEITHER = re.compile(
    rf"\b{_VERB}(?P<particle> (?:on|off|up|down|to|"
    rf"into))? neither (?P<things>[^.,;:!?]+ nor [^.,;:!?]+?)"
    r"(?=\W*$|\s+(?:while|when|as|during|please)\b)"
)
_NEXT = re.compile(rf"\s+and (?:please |then |just )*(?!\w+(?: \w+)? nothing\b){ENGLISH_VERB}")
_ONLY = re.compile(
    r"\bonly (?:the|my|our|that|this|those|these)\s[^.,;:!?]+? "
    rf"(?:may|should|must|is to|are to|(?:is|are) allowed to) (?:ever )?(?:be|get) {_VERB}"
)


_ONLY_YOU = re.compile(
    r"\byou(?: (?:may|must|should|shall) only|(?:'re| are) only (?:allowed|permitted|supposed|"
    rf"meant) to) {_VERB} (?:up |down |on |off )?(?:the|my|our|that|this|those|these)\s"
)


def no_subject(clause: str) -> Forbidden | None:
    """What must be done with nothing, with only one thing, or never by you."""
    negative = _NONE_SURE.search(clause) or _NO_SUBJECT.search(clause) or _INVERTED.search(clause)
    if negative is not None:
        return _of_subject(clause, negative)
    leaves = _NONE_LEAVES.search(clause)
    if leaves is not None:
        named = named_in(leaves["subject"], frozenset())
        return Forbidden(0, len(clause), frozenset({"pick", "place", "push"}), *named)
    nothing = _NOTHING.search(clause)
    if nothing is not None and told(clause[: nothing.start()]):
        actions = english_actions(nothing["verb"], nothing["particle"] or "")
        following = _NEXT.search(clause, nothing.end())
        end = following.start() if following is not None else len(clause)
        return Forbidden(nothing.start(), end, actions) if actions else None
    neither = _NEITHER.search(clause)
    if neither is not None and told(clause[: neither.start()]):
        actions = english_actions(neither["verb"], neither["particle"] or "")
        named = named_in(neither["things"], frozenset())
        return Forbidden(neither.start(), neither.end(), actions, *named) if actions else None
    only = _ONLY.search(clause) or _ONLY_YOU.search(clause)
    if only is not None:  # the same words name what is excepted
        actions = english_actions(only["verb"], clause[only.end() :])
        return Forbidden(0, len(clause), actions, others=True, also_request=True)
    return None


def _of_subject(clause: str, match: re.Match[str]) -> Forbidden | None:
    groups, rest = match.groupdict(), clause[match.end() :]
    if groups.get("no") == "nothing" and match["may"] in ("can", "could", "has", "have", "would"):
        return None  # "nothing can be done about it"
    actions = english_actions(match["verb"], rest)
    # a subject stands before the verb
    said = rest if groups.get("passive") == "" else match["subject"] or ""
    if groups.get("no") == "nothing":
        said = "anything"
    things, place, others = named_in(said, actions)
    others = others or groups.get("no") == "nothing"  # the rest may ask for something
    return Forbidden(0, len(clause), actions, things, place, others) if actions else None
