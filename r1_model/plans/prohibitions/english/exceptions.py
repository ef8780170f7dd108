"""What an English sentence excepts: "all but the red one", "anywhere except on the bed"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from r1_model.plans.forbidden import Forbidden
from r1_model.plans.prohibitions.english.things import named_in
from r1_model.plans.verbs import ENGLISH_VERB, HANDLING, english_actions, verbs_in

_EXCEPT = re.compile(
    r"(?:\b(?:except(?: for)?|apart from|aside from|other than|but not|(?<=\ball )but|"
    r"(?<=\banywhere )but|(?<=\beverywhere )but|(?<=\beverything )but|(?<=\banything )but|"
    r"excluding|minus|save for|"
    r"(?<=\beverything )save|(?P<all>but|save|bar)|instead of|rather than)\s+"
    r"|(?:(?:,\s*|\band\s+|\b(?:as|so) long as )(?:(?:it's|it is|that's|just|but|only|please) )*"
    r"(?:not|never)|\b(?:as|so) long as (?:it|that) isn't)\s+)"
    r"(?P<place>(?:on|onto|in|into|inside|under|to|at|near)\s+)?"
    r"(?:where\s+)?(?P<thing>(?:the|my|that|this|those|these|your|any|an?)\s+[^.,;:!?]+)"
)
_ALL = re.compile(
    r"\b(?:all|every|any|each) (?:(?:of )?(?:the|my) )?(?:\w+ ){0,3}$|"
    r"\b(?:every|any)(?:thing|where|one) (?:\w+ ){0,2}$"
)
_ONLY_NAMED = re.compile(
    r"(?:,|\band|\bbut|[-–—])\s*(?:please )?nothing (?:else|more|other)\s*(?:please)?\W*$"
)
_ONLY = re.compile(r"\W*(?:please |just )?only\b")
# "anything but opening the fridge"; "I've done everything but" tells what is left to do
_BUT_DOING = re.compile(
    r"\b(?:everything|anything|whatever \w+ \w+)\s+(?P<but>except(?: for)?|but|apart from|"
    rf"aside from|other than|save|bar) (?:to )?(?P<verb>{ENGLISH_VERB})(?P<rest>[^.,;:!?]*)"
)
_TELLS = re.compile(r"\b(?:i|we|he|she|they)(?:'ve|'d|'s)?\b(?! (?:want|like|mean)\b)")
# "the book can go anywhere except the sofa": who goes is put
_IS_PUT = re.compile(
    r"^\W*(?:and |but |so )*(?:the|my|our|that|this|those|these)\s[^.,;:!?]+ (?:can|may|should) "
    r"(?:go|be|stand|lie|stay|sit) (?:any|every)where\s*$"
)
# "everything but the vase may be moved"
_IS_DONE = re.compile(rf"\s+(?:can|may|should|must|is to) be (?P<verb>{ENGLISH_VERB})")
_STANDS = re.compile(r"\s+(?:is|are|stands?|sits?|lies?)\b.*")
_ONE = re.compile(r"\bones?\b")
# "except the red": the noun was said before
_ADJECTIVE = re.compile(
    r"(?:the|my)\s+(?:red|green|blue|yellow|black|white|grey|gray|brown|orange|pink|purple|big|"
    r"small|large|little|left|right|old|new|tall|short|upper|lower|top|bottom|other)\W*$"
)
_TARGET = re.compile(r"\b(?:on|onto|in|into|inside|under|to|at|near|\w+where)\b")


def exceptions(text: str, start: int, end: int) -> Iterator[Forbidden]:
    """What a sentence excepts from what it asks for.

    Args:
        text: in small letters.
        start, end: the sentence's span.
    """
    only = _ONLY_NAMED.search(text[start:end])
    if only is not None:
        actions = _actions(text[start : start + only.start()])
        if _ONLY.match(text[start:end]):  # "only wipe the table, nothing else"
            actions |= HANDLING - {"open", "close"}
        yield Forbidden(start + only.start(), end, actions or HANDLING, others=True)
    doing = _BUT_DOING.search(text, start, end)
    if doing is not None and not _TELLS.search(text[start : doing.start()]):
        actions = english_actions(doing["verb"], doing["rest"])
        if actions:
            yield Forbidden(
                doing.start("but"), doing.end(), actions, *named_in(doing["rest"], actions)
            )
    for match in _EXCEPT.finditer(text, start, end):
        allowed = _IS_DONE.search(match["thing"])
        thing = match["thing"][: allowed.start() if allowed is not None else None]
        if any(True for _ in verbs_in(thing, chinese=False)):
            continue
        clause = text[start : match.start()]
        if "where" in match[0][: match.start("thing") - match.start()]:
            thing = _STANDS.sub("", thing)  # "except where the sofa stands"
        elif re.search(r"\b(?:is|are)\b", thing):
            continue  # "everything but the mug is here"
        if match["all"] and not _ALL.search(clause):
            continue  # "bring it, but the lid is loose"
        actions = frozenset({"place"}) if _IS_PUT.match(clause) else _actions(clause)
        if allowed is not None:
            actions |= english_actions(allowed["verb"], match["thing"][allowed.end() :])
        nouns = re.findall(
            r"\b(?:the|my|all|any|an?|every)\s+(?:\w+\s+)*?(\w+)\b(?=\W*$|\s+(?:will|is)\b)", clause
        )
        if nouns:  # "not the red one"
            if _ADJECTIVE.match(thing):
                thing = f"{thing.rstrip()} {nouns[-1]}"
            thing = _ONE.sub(nouns[-1], thing)
        things, place, others = named_in(thing, frozenset())
        if things and "place" in actions and (match["place"] or _target_said(clause, match)):
            # each of "on the bed or the sofa"
            for place in things:
                yield Forbidden(match.start(), match.end(), frozenset({"place"}), (), place)
        if "place" in actions:  # what is put somewhere is taken first
            actions |= {"pick"}
        if things and not (match["place"] and "place" in actions):
            yield Forbidden(match.start(), match.end(), actions or HANDLING, things, place, others)


def _actions(clause: str) -> frozenset[str]:
    if re.search(r"\b(?:tidy|clean)(?:ing)? up\W*$", clause):
        return HANDLING  # it is about all there is to do
    actions: frozenset[str] = frozenset()
    for verb in verbs_in(clause, chinese=False):
        actions |= english_actions(verb[0], clause[verb.end() :])
    return actions


def _target_said(clause: str, match: re.Match[str]) -> bool:
    """ "On the table rather than the bed": what is excepted may be where to."""
    return not match["place"] and _TARGET.search(clause) is not None
