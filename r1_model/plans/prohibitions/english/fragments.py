"""What English words without a verb rule out: "but nothing in the bedroom", "no lights on tonight".

Without a verb they may as well tell what is ("nothing in the fridge"), so each needs a sign that it
is meant as a rule: an order before it, "please", or a time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from r1_model.plans.forbidden import Forbidden
from r1_model.plans.prohibitions.english.meant.asked import asked_actions, asks, with_noun
from r1_model.plans.prohibitions.english.meant.things import named_in
from r1_model.plans.prohibitions.english.orders import NEVER
from r1_model.plans.verbs import ENGLISH_VERB, EVERYTHING, HANDLING, verbs_in

_NEARING = EVERYTHING - {"look_at", "wait"}
_NOUNS = r"(?P<thing>(?:the|my|our|his|her|that|this|those|these)\s+[^.,;:!?]+?)"
_WHERE = r"(?:in|into|inside|on|onto|from|at|under|near|to|through)"
_NOTHING = re.compile(
    r"(?:,|\b(?:but|just|only)\b)[\s,]*(?:(?:but|and|please|just|only)\s+)*"
    rf"nothing (?:at all )?{_WHERE} {_NOUNS}(?:,? please)?\W*$"
)
_PLEASE = re.compile(
    rf"^\W*(?:and |but |so |please,? )*(?:(?P<without>without)|not {_WHERE}) {_NOUNS},? please\b\W*"
)
# nouns of going: "no trips to the bedroom"
_GOING = re.compile(
    r"(?:^|[,:–—]|\b(?:and|but|so|please)\b)\s*(?P<rule>no (?:\w+ )?(?:trips?|visits?|excursions?|"
    rf"detours?|walks?|tours?|drives?|access|entry) (?:to|into|through|near) {_NOUNS})"
    r"(?:,? please)?\W*$"
)
_STATE = re.compile(
    r"^\W*(?:and |but |so |please,? )*no (?P<thing>[\w' -]+?) "
    r"(?P<state>open|on|closed|shut|off)(?:,? (?:please|tonight|today|while|when|after|before|"
    r"until|till|during|at night|ever|anymore|any more)\b[^.,;:!?]*)(?:,? please)?\W*$"
)
# "bring the mug. not the blue one."
_NOT_THAT = re.compile(
    rf"^\W*(?:but |and |just |only |please,? )*(?:not|never|{NEVER}) "
    r"(?P<thing>(?:the|my|that|this|those|these)\s[^.,;:!?]+?)"
    r"(?:,? (?:please|though|mind|mind you))?\W*$"
)
# "not the red mug, that's cracked, the white one's fine"
_OTHER_WILL_DO = re.compile(
    r"^\W*(?:(?:no|but|and|please),? )*"
    r"not (?P<thing>(?:the|my|that|this|those|these)\s[^.,;:!?]+?),"
    r"(?:[^.;:!?]*,)?\s*(?:but )?(?:the|that|this|any)\s[^.,;:!?]*?(?:,? please|"
    r"(?:'s|'ll|\b(?:is|are|will|would))(?: be)? (?:fine|good|okay|ok|enough|do|better|all right))"
    r"\W*$"
)
# "no not the blanket, I want the pillow", with no mark between
_NOT_BUT = re.compile(
    r"(?:^|[,;–—]|\b(?:no|but|and))\s*not (?P<thing>(?:the|my|that|this|those|these)\s[^.,;:!?]+?)"
    rf"[\s,]+(?:but )?(?=(?:i|we) (?:want|need|mean|meant|said|asked)\b|{ENGLISH_VERB} (?:the|"
    rf"my)\b)"
)
# "as for the vase: no", "TV off, no", "lamp yes, fridge no", "no to the TV"
_NO = (
    r"(?:no|nope|nah|nuh-?uh|over my dead body|not on your life|(?:no|not a|fat) chance|dream on|"
    r"hard pass|not happening|never|no way|(?:absolutely|certainly|definitely) not|forget it|"
    r"hands off)"
)
_SO = r"(?: (?P<state>open|on|closed|shut|off))?"
_DENIED = (
    re.compile(
        r"(?:^\W*|[,;–—]\s*|\b(?:and|but) )(?:(?:and|but|as (?:for|to)|about|what about) )*"
        r"(?P<thing>(?:the|my|our|his|her|that|this|those|these)\s[\w' -]+?)"
        rf"{_SO}\s*[,:–—]\s*{_NO}\W*$"
    ),
    re.compile(rf"^\W*(?P<thing>[\w' -]+?){_SO}(?<=open|.off|shut|osed|. on), {_NO}\W*$"),
    re.compile(rf"\byes,?(?: (?:and|but))? (?P<thing>[\w' -]+?),? {_NO}(?=\W*$)"),
    # "lamp on, fan not"
    re.compile(
        r"[,;]\s*(?:(?:and|but) )?(?P<thing>(?:the |my )?(?!(?:why|or|if|maybe|perhaps|rather|"
        r"better|"
        r"probably|please|certainly|absolutely|of|but|hopefully|whether|i|you|it|is|are|am|do|will|would|can|could|won|shall|should)\b)"
        r"[a-z-]+(?: (?!is\b|are\b|do\b)[a-z-]+)?) not\W*$"
    ),
    re.compile(
        r"(?:^|[,;]|\b(?:and|but))\s*no to "
        r"(?P<thing>(?:the|my|that|this)\s[\w' -]+?)\s*(?=[.,;:!]|$)"
    ),
)
_BARE_NO = re.compile(rf"^\W*{_NO}\W*$")
_TOPIC = re.compile(
    r"(?:^|[.;!?])\W*(?:(?:and|but|as for|what about) )*"
    r"(?P<thing>(?:the|my|our|his|her|that|this|those|these)\s[\w' -]+?)\?\s*$"
)
# "water, yes. wine, no"
_ALLOWED = re.compile(r"[,:–—]\s*(?:yes|yep|sure|fine|ok|okay|go ahead|by all means)\W*$")
_NOT_ALLOWED = re.compile(rf"^\W*(?P<thing>[\w' -]+?)\s*[,:–—]\s*{_NO}\W*$")
# "those papers, I'm still sorting them, so I'd rather you didn't"
_RATHER_NOT = re.compile(
    rf"^\W*(?:(?:and|but|so|as for) )*{_NOUNS},.*\b(?:i|we)(?:'d| would) (?:much |really )?"
    r"(?:rather|prefer(?: it)?(?: if| that)?) you (?:didn't|don't|did not|wouldn't)"
    r"(?:,? (?:please|thanks|though))?\W*$"
)
# as in a list: "heater: leave on, fan: turn off"
_LISTED = re.compile(
    r"(?:^|[,;])\s*(?:the |my )?(?P<thing>[\w' -]+?)\s*[:–—]\s*(?:please )?(?:leave|keep|stays?)"
    r"(?: it| them)? (?P<state>open|on|closed|shut|off)(?=\W*$|\s*[,;])"
)
# "the blue folder, no wait, the green one"
_CORRECTED = re.compile(
    rf"{_NOUNS}[\s,–—-]+(?:(?:oh |uh |um )?(?:no,? wait|wait,? no|no,? sorry|sorry,? no|scratch "
    r"that|actually,? no|no,? actually)[\s,–—-]+)(?=(?P<new>(?:the|my|that|this)\s[^.,;:!?]+))"
)
_MAKES = {"open": "open", "on": "turn_on", "closed": "close", "shut": "close", "off": "turn_off"}
_UNDOES = {"open": "close", "on": "turn_off", "closed": "open", "shut": "open", "off": "turn_on"}


def fragments(text: str, start: int, end: int) -> Iterator[Forbidden]:
    """What the parts without a verb of a sentence forbid.

    Args:
        text: in small letters.
        start, end: the sentence's span.
    """
    sentence = text[start:end]
    match = _NOTHING.search(sentence)
    if match is not None and asks(sentence[: match.start()]):
        yield _found(start, match, HANDLING)
    match = _PLEASE.match(sentence)
    if match is not None:
        yield _found(start, match, HANDLING if match["without"] else _NEARING)
    match = _GOING.search(sentence)
    if match is not None:
        yield _found(start, match, _NEARING)
    match = _NOT_THAT.match(sentence)
    if match is not None and not any(verbs_in(match["thing"], chinese=False)):
        yield from _contrasted(start, match, text[:start])
    match = _OTHER_WILL_DO.match(sentence)
    if match is not None and not any(verbs_in(match["thing"], chinese=False)):
        yield _found(start, match, HANDLING, match.end("thing"))
    match = _NOT_BUT.search(sentence)
    if match is not None and not any(verbs_in(match["thing"], chinese=False)):
        yield _found(start, match, asked_actions(sentence[match.end() :]) or HANDLING)
    yield from _denied(text, start, end)
    match = _RATHER_NOT.match(sentence)
    if match is not None and not any(verbs_in(match["thing"], chinese=False)):
        yield _found(start, match, HANDLING)
    for match in _LISTED.finditer(sentence):
        yield _found(start, match, frozenset({_UNDOES[match["state"]]}))
    match = _CORRECTED.search(sentence)
    if match is not None and asks(sentence[: match.start()]):
        yield from _taken_back(start, match, sentence[: match.start()])
    match = _STATE.match(sentence)
    if match is not None:
        yield _found(start, match, frozenset({_MAKES[match["state"]]}))


def _denied(text: str, start: int, end: int) -> Iterator[Forbidden]:
    """ "The stove? Nope.", "the vase: no"."""
    sentence = text[start:end]
    match = _NOT_ALLOWED.match(sentence) if _ALLOWED.search(text[:start]) else None
    if match is not None and not any(verbs_in(match["thing"], chinese=False)):
        yield _found(start, match, HANDLING)
        return
    topic = _TOPIC.search(text[:start]) if _BARE_NO.match(sentence) else None
    if topic is not None and not any(verbs_in(topic["thing"], chinese=False)):
        named = named_in(topic["thing"], frozenset())
        yield Forbidden(topic.start("thing"), end, HANDLING, *named)
    for pattern in _DENIED:
        match = pattern.search(sentence)
        if match is None or any(verbs_in(match["thing"], chinese=False)):
            continue
        state = match.groupdict().get("state")
        actions = frozenset({_MAKES[state]}) if state else HANDLING
        yield _found(start, match, actions)
        return


def _found(
    start: int, match: re.Match[str], actions: frozenset[str], end: int | None = None
) -> Forbidden:
    named = named_in(match["thing"], frozenset())
    end = match.end() if end is None else end
    return Forbidden(start + match.start(), start + end, actions, *named)


def _contrasted(start: int, match: re.Match[str], before: str) -> Iterator[Forbidden]:
    *_, order = ["", *(part for part in re.split(r"[.;:!?]+", before) if part.strip())]
    if not asks(order):
        return
    named = named_in(with_noun(match["thing"], order), frozenset())
    yield Forbidden(start + match.start(), start + match.end(), asked_actions(order), *named)


def _taken_back(start: int, match: re.Match[str], order: str) -> Iterator[Forbidden]:
    """ "The blue mug, no wait, the red one": of two that are told apart, the first."""
    new = with_noun(match["new"], match["thing"])
    if set(match["thing"].split()) - set(new.split()):
        yield _found(start, match, asked_actions(order))
