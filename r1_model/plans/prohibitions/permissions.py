"""What a later turn takes back of what earlier ones forbade: "you may open it now", 现在可以开了.

It is said as a permission that tells of a change ("now", "after all", 现在), in a sentence without
condition, negation or question, of a request that forbids nothing itself. Only what it names is
taken back; "it" means what alone was forbidden. A bare order takes nothing back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from r1_model.plans.forbidden import Prohibition
from r1_model.plans.prohibitions.chinese.things import things_in
from r1_model.plans.prohibitions.english.meant.things import named_in
from r1_model.plans.prohibitions.request import Request
from r1_model.plans.verbs import CHINESE_VERB, ENGLISH_VERB, chinese_actions, english_actions
from r1_model.text.chinese import simplified
from r1_model.text.singular import singular

_MAY = re.compile(
    r"^\W*(?:(?:ok|okay|alright|all right|right|well|so|yes|and|but|robot|now|"
    r"i(?:'ve)? changed my mind|never mind)\b\W*)*"
    r"(?:you(?:(?: can| may|(?: are|'re) (?:allowed|free|permitted|welcome) to))|"
    r"(?:(?:it's|it is) )?(?:fine|ok|okay|safe|all right|alright)(?: for you)? to|"
    r"(?<=mind)\W*(?:please |so |do )?)\s*(?:now )?(?:go ahead and )?"
    rf"(?P<verb>\b{ENGLISH_VERB})(?P<rest>.*)"
)
_CHANGE = re.compile(r"\b(?:now|again|after all|changed my mind)\b")
_LIMITS = re.compile(
    r"n't\b|\b(?:not|never|only|no|if|when|unless|once|after(?! all)|before|until|till|while|as|"
    r"except|but|without|just|or)\b"
)
_IT = re.compile(r"\s*(?:it|them|that|this|those|these)?(?: (?:now|again|after all))*\W*$")
_WHEN = re.compile(r"\b(?:now|again|after all|too|as well|please)\b|[,.!]")
_ZH_MAY = re.compile(
    "^(?:好了?|好的|好吧|那么?|嗯|行|你|您|我改主意了|，|,|\\s)*(?:现在|又|你|您|也)*(?:可以|能|允许你?)(?:再|去)*"
    f"(?:(?:把|将)(?P<moved>[^，。；！？]+?))?(?P<verb>{CHINESE_VERB})(?P<rest>[^，。；！？,.;!]*)"
)
_ZH_CHANGE = re.compile("现在|又可以|又能|改主意")
_ZH_LIMITS = re.compile("[不没别勿只才等吗呢]|如果|要是|除|之?前|以后|之后|的时候|或")
_ZH_IT = re.compile("^(?:它们?|那个|这个)?(?:了|啦|吧)*$")


def still_forbidden(earlier: Sequence[Prohibition], request: Request) -> list[Prohibition]:
    """What earlier turns forbade and a request does not take back, without what was a mere halt.

    Args:
        earlier: what they forbade, oldest first.
        request: the turn that follows them.
    """
    kept = [item for item in earlier if not item.halts]
    if request.prohibitions:
        return kept
    for actions, things in _permitted(request.text):
        if things is None:
            meant = {item.things for item in kept if item.actions & actions}
            things = next(iter(meant), ())
            if len(meant) != 1 or len(things) != 1:
                continue  # "it" may be either
        kept = [rest for item in kept for rest in _without(item, actions, things)]
    return kept


def _permitted(text: str) -> Iterator[tuple[frozenset[str], tuple[str, ...] | None]]:
    """Skills and things that may be used again; None for "it"."""
    plain = simplified(text.lower()).replace("’", "'")
    for sentence in re.findall(r"[^.;!?。；！？\n]+[.;!?。；！？\n]*", plain):
        if re.search("[?？]", sentence):
            continue
        found = _MAY.match(sentence)
        if found is not None and _CHANGE.search(sentence) and not _LIMITS.search(sentence):
            rest = _WHEN.sub(" ", found["rest"])
            actions = english_actions(found["verb"], rest)
            things, place, others = named_in(rest, actions)
            if _IT.match(found["rest"]):
                yield actions, None
            elif things and not (place or others):
                yield actions, things
        found = _ZH_MAY.match(sentence)
        if found is not None and _ZH_CHANGE.search(sentence) and not _ZH_LIMITS.search(sentence):
            named = found["moved"] or found["rest"]
            if _ZH_IT.match(named):
                yield chinese_actions(found["verb"]), None
            elif things := things_in(named):
                yield chinese_actions(found["verb"]), things


def _without(
    item: Prohibition, actions: frozenset[str], things: Sequence[str]
) -> Iterator[Prohibition]:
    names = {_name(thing) for thing in things}
    if item.place or not item.actions & actions:
        yield item
        return
    same = tuple(thing for thing in item.things if _name(thing) in names)
    others = tuple(thing for thing in item.things if thing not in same)
    if not same:
        yield item
        return
    if others:
        yield replace(item, things=others)
    if item.actions - actions:
        yield replace(item, things=same, actions=item.actions - actions)


def _name(thing: str) -> str:
    return " ".join(singular(word) for word in thing.split())
