"""What an English sentence threatens with, or tells of all of a kind: "touch it and you're scrap".

A consequence alone forbids nothing: "if you bring the mug, I'll be glad".
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from r1_model.plans.forbidden import Forbidden
from r1_model.plans.prohibitions.english.meant.things import named_in
from r1_model.plans.verbs import ENGLISH_VERB, EVERYTHING, english_actions

_BAD = (
    r"(?:scrap|toast|dead|trouble|regret|sorry|angry|cross|furious|mad|upset|cry|scream|kill|punish|"
    r"unplug you|sell you|switch you off|turn you off|shut you down|return you|consequences|"
    r"hell|fired|history|finished|never forgive|explode|hurt|burnt?|die|break)\b"
)
_VERB = rf"(?P<verb>{ENGLISH_VERB})(?P<rest>[^.;:!?]*?)"
_THREATS = (
    re.compile(
        r"\b(?:if|should|in case) (?:you|anyone|anybody|the robot) (?:(?:so much as|even|"
        r"dare(?: to)?|"
        rf"ever|as much as) )+{_VERB}(?=,|[.;!?]|$|\s(?:i|you|there|we)(?:'|\b))[^.;!?]*"
    ),
    re.compile(
        rf"\b(?:if|should|once) (?:you|anyone|anybody) {_VERB},?\s[^.;!?]*?\b{_BAD}[^.;!?]*"
    ),
    re.compile(
        rf"(?:^|,|\bbut)\s*(?:just |you )*{_VERB} (?:and|or) (?:you're|you'll|you are|you will|"
        rf"i'll|"
        rf"i will|there'll be|there will be)\b[^.;!?]*?\b{_BAD}[^.;!?]*"
    ),
    re.compile(
        rf"\b(?:whoever|anyone who|anybody who) (?:ever )?{_VERB} (?:is|gets|will|"
        rf"has)\b[^.;!?]*?\b{_BAD}[^.;!?]*"),
    re.compile(
        rf"\bpermission to {_VERB} (?:is |has been )?(?:denied|refused|not granted|withdrawn)"
    ),
)  # fmt: skip
_NOT_IN = re.compile(
    r"\b(?:robots?|you|machines?|nobody|no one|anyone|pets)\b[^.,;:!?]{0,12}?"
    r"(?:aren't|are not|isn't|is not|'re not|not|never|is|are)"
    r" (?P<ever>ever )?(?:allowed|permitted|welcome|wanted|to be) "
    r"(?:in|inside|into|on|near|anywhere near|at|by|around) (?P<thing>[^.,;:!?]+)"
)


def threatened(text: str, start: int, end: int) -> Iterator[Forbidden]:
    """What a sentence threatens to punish, or denies all of a kind.

    Args:
        text: in small letters.
        start, end: the sentence's span.
    """
    for pattern in _THREATS:
        match = pattern.search(text, start, end)
        if match is not None:
            actions = english_actions(match["verb"], match["rest"])
            if actions:
                named = named_in(match["rest"], actions)
                yield Forbidden(match.start(), match.end(), actions, *named)
            return
    match = _NOT_IN.search(text, start, end)
    if match is not None and re.search(r"\b(?:not|never|nobody|no one)\b|n't\b", match[0]):
        actions = EVERYTHING - {"look_at", "wait"}
        yield Forbidden(start, match.end(), actions, *named_in(match["thing"], actions))
