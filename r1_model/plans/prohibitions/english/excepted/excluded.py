"""What an English sentence excepts by a word behind it: "wipe the table, laptop excluded".

It is excepted from an order of the sentence, or from the one before. What only tells who or what
was left out forbids nothing: "I felt excluded", "tax excluded, it cost ten euros".
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from r1_model.plans.forbidden import Forbidden
from r1_model.plans.prohibitions.english.meant.asked import asked_actions, asks, with_noun
from r1_model.plans.prohibitions.english.meant.things import things_in
from r1_model.plans.verbs import HANDLING

_EXCLUDED = re.compile(
    r"(?P<lead>^|[,(–—]|\s-+\s|\b(?:but|and|with|while)\b)[\s,]*(?:(?:but|and|with|only|please|just)\s+)*"
    r"(?P<thing>(?!but\b|and\b|with\b)[\w'-]+(?:\s[\w'-]+){0,6}?)"
    r"(?P<is> (?:(?:is|are)(?: to be)?|isn't|aren't|being|to be|should be|"
    r"must be|has to be|have to be))? "
    r"(?:excluded|excepted|exempt(?:ed)?|spared|left out|(?:an? |the )?exceptions?|"
    r"(?P<included>(?:not |(?<=n't ))(?:included|meant|(?:a )?part of (?:it|that|this|them))|"
    r"(?:doesn't|does not|don't|do not) count))\b"
    r"(?:,? (?:please|though))?"
    r"(?=\W*$|\s*[,)–—])"
)
# "present company excepted", "no corner excluded", "the one that was spared"
_NO_THING = re.compile(
    r"^(?:no|not|none|nobody|nothing|present|i|you|he|she|we|they|it|who|what)\b"
    r"|\b(?:that|which|who|is|are|was|were|be|been|feels?|felt|has|have|had)\b"
)
# "tidy up. this does not include the vase."
_INCLUDES = re.compile(
    r"^\W*(?:(?:and|but|which|this|that|it) )+(?:doesn't|does not) (?:include|mean|concern|cover|"
    r"apply to) (?P<thing>(?:the|my|our|that|this)\s[^.,;:!?]+?)\W*$"
)
_DEMONSTRATIVE = re.compile(r"^(?:that|those)\s")


def excluded(text: str, start: int, end: int) -> Iterator[Forbidden]:
    """What is said to be excluded.

    Args:
        text: in small letters.
        start, end: the sentence's span.
    """
    sentence = text[start:end]
    includes, order = _INCLUDES.match(sentence), _order_before(text[:start])
    if includes is not None and asks(order.lstrip(" ,")):
        things, _ = things_in(with_noun(includes["thing"], order))
        yield Forbidden(start, end, asked_actions(order) | {"pick"}, things)
    for match in _EXCLUDED.finditer(sentence):
        thing = match["thing"]
        if _NO_THING.search(_DEMONSTRATIVE.sub("", thing)) or asks(thing):
            continue
        before, after = sentence[: match.start()], sentence[match.end() :]
        tells = match["is"] or match["included"]  # "batteries not included, so bring some"
        if not before.strip() and not tells and asks(after.lstrip(" ,")):
            order = after  # "the red cup excepted, bring all the cups"
        elif before.strip():
            order = before
        else:
            order = _order_before(text[:start])
        if not asks(order.lstrip(" ,")):
            continue
        things, _ = things_in(with_noun(thing, order.rstrip(" ,.!")))
        actions = asked_actions(order)
        if "place" in actions:  # what is put somewhere is taken first
            actions |= {"pick"}
        if things:
            yield Forbidden(start + match.start(), start + match.end(), actions or HANDLING, things)


def _order_before(before: str) -> str:
    *_, last = ["", *(part for part in re.split(r"[.;:!?]+", before) if part.strip())]
    return last
