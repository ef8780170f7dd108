"""What an English sentence lets be done only at a time or on a condition that no plan can await.

"Open it, but not before I'm back" forbids it now. What the robot can bring about itself is an order
of steps and forbids nothing: "wipe the table, but not before you've cleared it".
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from r1_model.plans.forbidden import Forbidden
from r1_model.plans.prohibitions.english.meant.things import named_in
from r1_model.plans.verbs import ENGLISH_VERB, english_actions, verbs_in

# what others do, or the clock
_OTHERS_DO = (
    r"(?:(?:i|we|he|she|they)\b|my \w+\b|somebody\b|someone\b|(?:tomorrow|tonight|noon|midnight|"
    r"dark|dawn|dusk|breakfast|lunch|dinner|supper)\b|(?:\d+|one|two|three|four|five|six|seven|"
    r"eight|nine|ten|eleven|twelve)\b)"
)
_NOT_BEFORE = re.compile(
    r"(?:,|\b(?:but|and|just|only)\b)[\s,]*(?:(?:but|and|just|only|please)\s+)*"
    rf"not (?:before|until|till|unless) {_OTHERS_DO}[^.;!?]*"
)
_WAIT = re.compile(
    rf"\bwait (?:until|till|for) (?:(?:me|us|him|her|them)\b|{_OTHERS_DO})[^.;:!?]*?\b"
    rf"(?:before (?:you )?|to |with )(?P<verb>{ENGLISH_VERB})(?P<rest>[^.;:!?]*)"
)
_ONLY_WHEN = re.compile(
    r"\byou(?:(?: may| must| should| shall) only|'re only (?:allowed|permitted) to"
    rf"| are only (?:allowed|permitted) to) (?P<verb>{ENGLISH_VERB})(?P<rest>[^.;:!?]*?)"
    rf"\s(?:when|if|while|after|once|as long as) {_OTHERS_DO}[^.;!?]*"
)
# "open it only if I ask for it"
_ONLY_IF = re.compile(
    rf"\b(?P<verb>{ENGLISH_VERB})(?P<rest>[^.;:!?,]*?),? (?:but )?only (?:if|when|once|after) "
    rf"{_OTHERS_DO}[^.;!?]*"
)
_ONLY_DO = re.compile(
    rf"(?<!\w )\bonly (?P<verb>{ENGLISH_VERB})(?P<rest>[^.;:!?,]*?),? "
    rf"(?:if|when|once|after) {_OTHERS_DO}[^.;!?]*"
)
# "not before I'm back do you open it"
_INVERTED = re.compile(
    rf"\b(?:not (?:before|until|till|unless)|only (?:when|once|after|if)) {_OTHERS_DO}[^.;!?]*?"
    r"\b(?:do|may|can|could|should|are|must|will|shall) you (?:to )?"
    rf"(?P<verb>{ENGLISH_VERB})(?P<rest>[^.;:!?]*)"
)
_MEANS = (
    r"(?:(?:it|that|this|doing so) (?:means|involves|requires|takes)|"
    r"you(?:'d| would)? (?:have|need) to)"
)
_AT_COST = re.compile(
    rf"(?:\b(?:not if|unless) {_MEANS} (?P<verb>{ENGLISH_VERB})(?P<rest>[^.,;:!?]*)"
    rf"|\bif {_MEANS} (?P<cost>{ENGLISH_VERB})(?P<costly>[^.,;:!?]*),\s*(?:then |please |just )*"
    r"(?:forget (?:it|about it)|don't(?: bother)?|do not|leave it|skip it|never mind|stop|rather "
    r"not|better not|no)\W*$)"
)
# "you might want to open it, but don't"; "or don't" leaves it open
_DENIED = (
    r"(?:don't|do not|(?:i'd|i would|we'd|he'd|she'd|they'd) (?:much )?(?:rather|"
    r"prefer (?:it if )?) ?"
    r"you (?:didn't|did not|don't)|(?:i'd )?(?:rather|better|best|please) not(?: to)?|"
    r"you(?:'d| had)? (?:better not|mustn't|must not|may not|shouldn't|should not|shan't|"
    r"shall not|can't|cannot|won't|will not)|hold (?:off|back)(?: on (?:it|that))?|not (?:now|yet)|"
    r"that(?:'s| is) (?:forbidden|not allowed|off limits))"
    r"(?: (?:please|you dare|bother|even think (?:about|of) it|do (?:it|that|so)))*"
)
_LEAD = r"(?:(?:so|but|and|then|please|just|though|although|yet|only|well|no|however|still)\s+)*"
_SO_DONT = re.compile(rf"(?:,|[–—]|\s-|\b(?=but|though|although|yet))\s*{_LEAD}{_DENIED}\W*$")
# of the sentence before: "who told you to open it? don't."
_DONT = re.compile(rf"^\W*{_LEAD}{_DENIED}\W*$")
_SENTENCE = re.compile(r"[^.;!?]+[.;!?]+\s*$")
_ELSE = re.compile(r"\b(?:if not|otherwise|or else)\W*$")
_WHENEVER = re.compile(r"\W*(?:if|when|whenever|in case|should)\b")


def on_terms(text: str, start: int, end: int) -> Iterator[Forbidden]:
    """What a sentence puts off, or allows on terms alone.

    Args:
        text: in small letters.
        start, end: the sentence's span.
    """
    said = _SENTENCE.search(text[:start]) if _DONT.match(text[start:end]) else None
    if said is not None:
        yield from _ordered_before(text, said.start(), start, end)
        return
    put_off = _NOT_BEFORE.search(text, start, end) or _SO_DONT.search(text[:end], start)
    if put_off is not None:
        yield from _ordered_before(text, start, put_off.start(), put_off.end())
        return
    for pattern in (_INVERTED, _WAIT, _ONLY_WHEN, _ONLY_IF, _ONLY_DO, _AT_COST):
        match = pattern.search(text, start, end)
        if match is None:
            continue
        groups = match.groupdict()
        rest = groups.get("costly") or match["rest"] or ""
        actions = english_actions(groups.get("cost") or match["verb"], rest)
        if actions:
            yield Forbidden(match.start(), match.end(), actions, *named_in(rest, actions))


def _ordered_before(text: str, start: int, stop: int, end: int) -> Iterator[Forbidden]:
    before = text[start:stop]
    if _ELSE.search(before):
        return
    *_, verb = [None, *verbs_in(before, chinese=False)]
    if verb is None:
        return
    rest = before[verb.end() :]
    actions = english_actions(verb[0], rest)
    # "who told you to open it? don't."
    asked = text[stop - 1 : end].strip() and before.rstrip().endswith("?")
    first = start if asked or _WHENEVER.match(before) else start + verb.start()
    if actions:
        yield Forbidden(first, end, actions, *named_in(rest, actions))
