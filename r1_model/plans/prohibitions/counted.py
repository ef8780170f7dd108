"""How many of a thing a request wants at most: "take only two apples", 只拿两个苹果."""

from __future__ import annotations

import re
from collections.abc import Iterator

from r1_model.plans.forbidden import Forbidden
from r1_model.plans.prohibitions.chinese.things import MEASURE
from r1_model.plans.prohibitions.chinese.things import things_in as chinese_things
from r1_model.plans.prohibitions.english.meant.things import things_in
from r1_model.plans.verbs import CHINESE_VERB, ENGLISH_VERB, chinese_actions, english_actions

_WORDS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
_NUMBERS = {word: number for number, word in enumerate(_WORDS, 1)}
_NUMBERS |= {"a single": 1, "a couple": 2, "both": 2}
_ZH_NUMBERS = {sign: number for number, sign in enumerate("一二三四五六七八九十", 1)} | {"两": 2}
_N = rf"(?P<n>\d+|{'|'.join(_NUMBERS)})"
_AT_MOST = (
    r"(?:only|just|(?:no|not) more than|at (?:the )?most|(?:a )?max(?:imum)?(?: of)?|up to|exactly)"
)
_UNIT = (
    r"(?!\s*(?:minutes?|seconds?|hours?|times?|days?|o'clock|thing|moment|metres?|meters?|cm|"
    r"of us)\b)"
)
_OBJECT = r"(?:(?:the|my|our|all|all the|every|both|any|these|those) )*(?P<thing>[a-z][\w' -]*?)"
_AFTER = (
    rf"{_N}\b{_UNIT}(?: (?:of )?(?:the|my|our|those|these))?(?P<thing>(?: (?!and\b|to\b|from\b|"
    rf"on\b|in\b|at\b|is\b|are\b|will\b)[\w'-]+){{0,3}})"
)
_ENGLISH = (
    re.compile(
        rf"\b(?P<verb>{ENGLISH_VERB}) (?P<part>(?:up|out|in|on|off|away|over|me|"
        rf"us) )*{_AT_MOST} {_AFTER}"),
    re.compile(
        rf"\b{_AT_MOST} (?P<verb>{ENGLISH_VERB}) (?P<part>(?:up|out|in|on|off|away|over|me|"
        rf"us) )*{_AFTER}"),
    re.compile(
        rf"(?:\b\w+n't|\bnot|\bnever|dont|without) (?:ever )?(?P<verb>{ENGLISH_VERB}) "
        rf"(?P<part>(?:up|out|in|on|off|away|over|me|us) )*(?:any )?more than {_AFTER}"
    ),
    # "take the apples, two at most", "don't bring all the plates, only one"
    re.compile(
        rf"\b(?P<verb>{ENGLISH_VERB}) (?P<part>(?:up|out|in|on|off|away|over|me|us) )*{_OBJECT}"
        rf"\s*[,;–—-]\s*(?:but |and )*(?:{_AT_MOST} )?{_N}\b{_UNIT}(?=\s*(?:at (?:the )?most|max|"
        rf"tops|only|"
        r"(?:is|are|will be) (?:enough|plenty)|(?:is|are) fine|will do|\W*$))"
    ),
)  # fmt: skip
_ZN = "(?P<n>\\d+|[一二两三四五六七八九十])"
_CHINESE = (
    re.compile(
        f"(?:只要?|最多|至多|顶多|(?:别|不要|不准|不能|不许|不可以?))(?:能|可以|准|许)?(?P<verb>{CHINESE_VERB})"
        f"(?:(?<=[^只])(?:超过|多于|多过))?{_ZN}{MEASURE}(?P<thing>[^，。；！？,.;!?]{{0,8}})"
    ),
    re.compile(
        f"(?P<verb>{CHINESE_VERB}){_ZN}{MEASURE}(?P<thing>[^，。；！？,.;!?]{{0,8}}?)"
        "就(?:好|行|够|可以)"
    ),
)  # fmt: skip
_REFUSES = re.compile("^(?:别|不要|不准|不能|不许|不可以?)(?!.*(?:超过|多于|多过))")


def counted(text: str) -> Iterator[Forbidden]:
    """What must be done with no more than some of a kind; the same words ask for these.

    Args:
        text: in small letters, Chinese in Simplified.
    """
    for sentence in re.finditer(r"[^.;:!?。；！？]+", text):
        for pattern in _ENGLISH:
            match = pattern.search(sentence[0])
            if match is None:
                continue
            actions = english_actions(match["verb"], f" {match['part'] or ''}{match['thing']}")
            number = _NUMBERS.get(match["n"]) or int(match["n"])
            yield from _found(
                sentence.start(), match, actions, things_in(match["thing"])[0], number
            )
            break
        for pattern in _CHINESE:
            match = pattern.search(sentence[0])
            if match is None or _REFUSES.match(match[0]):
                continue
            number = _ZH_NUMBERS.get(match["n"]) or int(match["n"])
            named = chinese_things(match["thing"])
            yield from _found(
                sentence.start(), match, chinese_actions(match["verb"]), named, number
            )
            break


def _found(
    start: int, match: re.Match[str], actions: frozenset[str], things: tuple[str, ...], number: int
) -> Iterator[Forbidden]:
    if actions and number > 0:
        first, end = start + match.start(), start + match.end()
        yield Forbidden(first, end, actions, things, also_request=True, spared=number)
