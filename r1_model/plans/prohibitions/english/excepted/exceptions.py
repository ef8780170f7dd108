"""What an English sentence excepts: "all but the red one", "anywhere except on the bed"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from r1_model.plans.forbidden import Forbidden
from r1_model.plans.prohibitions.english.meant.asked import asked_actions, with_noun
from r1_model.plans.prohibitions.english.meant.things import named_in, things_in
from r1_model.plans.prohibitions.english.orders import NEVER
from r1_model.plans.verbs import ENGLISH_VERB, HANDLING, english_actions, verbs_in

_EXCEPT = re.compile(
    r"(?:\b(?:except(?: for| not)?|apart from|aside from|other than|but not|(?<=\ball )but|"
    r"(?<=\banywhere )but|(?<=\beverywhere )but|(?<=\beverything )but|(?<=\banything )but|"
    r"excluding|excepting|not including|with one exception:?(?: of)?|"
    r"with the exception of|minus|save for|"
    r"(?<=\beverything )save|(?P<all>but|save|bar)|instead of|rather than)\s+"
    r"|(?:(?:,\s*|\b(?:and|but)\s+|\b(?:as|so) long as )"
    r"(?:(?:it's|it is|that's|just|but|though|only|please|oh) )*"
    rf"(?:not|never|(?P<rule>{NEVER}))|\b(?:as|so) long as (?:it|that) isn't)\s+)"
    r"(?P<place>(?:on|onto|in|into|inside|under|to|at|near|through|via|past|across|by)\s+)?"
    r"(?:where\s+)?(?P<thing>(?!the (?:less|more|better|same|least|most)\b)"
    r"(?:the|my|that|this|those|these|your|any|an?)\s+[^.,;:!?]+)"
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
_THAT_IS = re.compile(r"\s+that (?:is|are)\s*$")
_STANDS = re.compile(r"\s+(?:is|are|stands?|sits?|lies?)\b.*")
_ANYWHERE = re.compile(r"^\W*(?:any|every)where (?:else )?$")
_ALL_GO = re.compile(r"^\W*(?:everything|all)\b[^.,;:!?]* (?:go|goes|leaves?)\s*$")
_GOES = re.compile(r"\b(?:goes|go|belongs?) (?:on|onto|in|into|inside|under|to|at|near) ")
_WAY = re.compile(r"(?:through|via|past|across|by)\b")
_TARGET = re.compile(r"\b(?:on|onto|in|into|inside|under|to|at|near|\w+where)\b")


def exceptions(text: str, start: int, end: int) -> Iterator[Forbidden]:
    """What a sentence excepts from what it asks for.

    Args:
        text: in small letters.
        start, end: the sentence's span.
    """
    only = _ONLY_NAMED.search(text[start:end])
    if only is not None:
        actions = asked_actions(text[start : start + only.start()])
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
        thing = _THAT_IS.sub("", match["thing"])
        if any(True for _ in verbs_in(thing, chinese=False)):
            continue
        clause = text[start : match.start()]
        if _ANYWHERE.search(clause):  # "anywhere but the sofa is fine"
            thing = re.sub(r"\s(?:is|are|will|would|does|works?)\b.*", "", thing)
            for target in things_in(thing)[0]:
                yield Forbidden(match.start(), match.end(), frozenset({"place"}), (), target)
            continue
        if "where" in match[0][: match.start("thing") - match.start()]:
            thing = _STANDS.sub("", thing)  # "except where the sofa stands"
        elif re.search(r"\b(?:is|are|was|were|went|has|have|had)\b", thing):
            continue  # "everything but the mug is here"
        if match["rule"] and not any(verbs_in(clause, chinese=False)):
            continue  # "today, by no means the best day": nothing was asked for
        if match["all"] and not _ALL.search(clause):
            continue  # "bring it, but the lid is loose"
        through = match["place"] is not None and _WAY.match(match["place"])
        put = _IS_PUT.match(clause) or (match["place"] and not through and _GOES.search(clause))
        actions = frozenset({"place"}) if put else asked_actions(clause)
        if _ALL_GO.match(clause):  # "everything may go except the sofa"
            actions = HANDLING
        if "place" in actions and not match["place"] and not _TARGET.search(clause):
            # "put everything except the mug on the shelf"
            thing = re.split(
                r"\s(?:on|onto|in|into|inside|under)\s(?!.*\s(?:on|in|into)\s)", thing
            )[0]
        thing = with_noun(thing, clause)  # "not the red one"
        things, place, others = named_in(thing, frozenset())
        if things and "place" in actions and (match["place"] or _target_said(clause, match)):
            # each of "on the bed or the sofa"
            for target in things:
                yield Forbidden(match.start(), match.end(), frozenset({"place"}), (), target)
        if "place" in actions:  # what is put somewhere is taken first
            actions |= {"pick"}
        if "pick" in actions:
            actions |= {"push"}
        if through:
            actions = (actions or HANDLING) | {"navigate_to"}
        if things and not (match["place"] and "place" in actions):
            yield Forbidden(match.start(), match.end(), actions or HANDLING, things, place, others)


def _target_said(clause: str, match: re.Match[str]) -> bool:
    """ "On the table rather than the bed": what is excepted may be where to."""
    return not match["place"] and _TARGET.search(clause) is not None
