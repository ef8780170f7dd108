"""What English nouns rule out: "no contact with the laptop", "no door opening", "excluded: keys".

A noun behind "no" may as well tell what is ("no milk left") or put off nothing ("no rush"): beside
nouns of doing there has to be an order, in the sentence or before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from r1_model.plans.forbidden import Forbidden
from r1_model.plans.prohibitions.english.meant.asked import asked_actions, asks
from r1_model.plans.prohibitions.english.meant.things import NO_THING, named_in, things_in
from r1_model.plans.verbs import ENGLISH_VERB, EVERYTHING, HANDLING, english_actions, verbs_in

_RULE = (
    r"(?<!have )(?<!has )(?<!had )(?<!is )(?<!'s )(?<!was )(?<!are )(?<!with )"
    r"\b(?:no|zero|without(?: any)?|(?:avoid|refrain from|abstain from|forget)(?: any| all)?)"
)
_THING = r"(?P<thing>[\w'-]+(?: [\w'-]+){0,5}?)"
_END = (
    r"(?=,? (?:please|though|thanks|today|tonight|for now|while|when|until|till|as|because)\b|"
    r"\s*(?:[,;:.!–—]|$)|\s+(?:and|but|or)\b)"
)
_DOING = (
    (rf"{_RULE} (?:physical |direct |any )?(?:contact|interaction|interference|messing) with "
     rf"{_THING}{_END}", HANDLING),
    (rf"{_RULE} (?:movement|displacement|removal|relocation) of {_THING}{_END}",
     frozenset({"pick", "place", "push"})),
    (rf"{_RULE} (?:use|usage|operation|manipulation) of {_THING}{_END}", HANDLING),
    (rf"{_RULE} (?:access|entry|entrance|trespassing) (?:to|into|in|on) {_THING}{_END}",
     EVERYTHING - {"look_at", "wait"}),
)  # fmt: skip
# "no door opening"
_COMPOUND = re.compile(
    rf"{_RULE} (?P<thing>(?!more\b)[\w']+(?: [\w']+)?)[ -](?P<verb>{ENGLISH_VERB})(?<=ing){_END}"
)
_LABEL = re.compile(
    r"(?:^|[,;(–—]|\s-)\s*(?:(?:and|but|strictly|items?|objects?|areas?|zones?|rooms?|list) )*"
    r"(?:excluded?|excluding|exclusions?|exceptions?|off[- ]limits|forbidden|prohibited|banned|"
    r"not allowed|avoid|no[- ]go(?: zones?| areas?)?|keep out|hands off|restricted|"
    r"(?P<verb>(?:do not|don't|never|no) (?:\w+ing|\w+))|taboo|leave(?: alone)?|skip|ignore)"
    r"(?: (?:items?|objects?|areas?|zones?|rooms?|list))?\s*(?::|=|\s-)\s*"
    r"(?P<thing>(?!no\b|none\b|nothing\b)[^.;:!?]+)"
)
# "bedroom: no entry", "laptop = hands off"
_LABELLED = re.compile(
    r"(?:^|[,;(])\s*(?:(?:and|but|the|my) )*(?P<thing>[\w'-]+(?: [\w'-]+){0,2})\s*(?::|=|\s-|–|"
    r"—)\s*"
    r"(?:(?P<away>no entry|keep out|stay out|no[- ]go(?: \w+)?)|off[- ]limits|hands off|"
    r"(?:do not|don't|no|not to be) (?:touch\w*|us\w+|mov\w+)|leave(?: alone)?|excluded|skip|"
    r"forbidden|prohibited|taboo)\W*$"
)
_NOT_ANY = re.compile(
    r"(?:^|[,;–—]|\s-|\b(?:but|and))\s*(?:(?:but|and|please|just|only) )*"
    r"(?P<no>no|nothing(?: at all)? (?:of|that(?: is|'s)?|which|made of|made from|belonging to|"
    r"with|from)|nothing(?= [a-z]+\W*$)) (?P<thing>[a-z][\w'-]*(?: [\w'-]+){0,4}?)"
    r"(?:,? (?:please|though|thanks|thank you|today|tonight))*\W*$"
)
# "no rush", "no matter", "no more waiting": put no thing off
_NO_OBJECT = re.compile(
    r"\b(?:rush|hurry|matter|need|thanks?|kidding|jok\w+|excuses?|pressure|stress|idea|ways?|more|"
    r"less|fewer|later|sooner|longer|further|other|one|nonsense|ifs|buts|fuss|sweat|shortcuts?|"
    r"cheating|exceptions?|charge|else|special|fancy|serious|much|to|but|new|happened|help|use|"
    r"good|point|big deal|biggie|trouble|bother|sense|hard|"
    r"harm|chance|clue|choice|wonder|idea|limits?|corners?|excluded|spared|left out|mistakes?|"
    r"tricks?|games?|\w+(?:ing|ness|ence|"
    r"ance|tion|ies)|worr\w+|delays?|is|are|was|were|has|have|left|here|there|"
    r"i|you|we|they|he|she|it)\b"
)


def nouns(text: str, start: int, end: int) -> Iterator[Forbidden]:
    """What a sentence rules out without a verb of its own.

    Args:
        text: in small letters.
        start, end: the sentence's span.
    """
    sentence = text[start:end]
    for pattern, actions in _DOING:
        for match in re.finditer(pattern, sentence):
            yield _found(start, match, actions)
    for match in _COMPOUND.finditer(sentence):
        if not any(verbs_in(match["thing"], chinese=False)):
            yield _found(start, match, english_actions(match["verb"], ""))
    label = _LABEL.search(sentence) or _LABELLED.search(sentence)
    if label is not None and not any(verbs_in(label["thing"], chinese=False)):
        groups = label.groupdict()
        verb = next(verbs_in(groups.get("verb") or "", chinese=False), None)
        actions = english_actions(verb[0], "") if verb else HANDLING
        yield _found(
            start, label, EVERYTHING - {"look_at", "wait"} if groups.get("away") else actions
        )
        return
    ruled = _NOT_ANY.search(sentence)
    if ruled is None or _NO_OBJECT.search(ruled["thing"]) or NO_THING.search(ruled["thing"]):
        return
    order = sentence[: ruled.start()]
    if not order.strip(" ,.;:!"):
        *_, order = ["", *(part for part in re.split(r"[.;:!?]+", text[:start]) if part.strip())]
    if not asks(order.lstrip(" ,")) or any(verbs_in(ruled["thing"], chinese=False)):
        return
    if ruled["no"] == "no":
        yield _found(start, ruled, HANDLING)
    else:  # "nothing of mine" is told by no name
        said = ruled["thing"]
        yield Forbidden(
            start + ruled.start(), start + ruled.end(), asked_actions(order) or HANDLING,
            (f"things {ruled['no'].removeprefix('nothing').strip()} {said}",),
        )  # fmt: skip


def _found(start: int, match: re.Match[str], actions: frozenset[str]) -> Forbidden:
    named, _ = things_in(match["thing"])
    things = named or named_in(match["thing"], frozenset())[0]
    return Forbidden(start + match.start(), start + match.end(), actions, things)
