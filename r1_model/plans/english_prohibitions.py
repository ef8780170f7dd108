"""English clauses that forbid; the rule is in `prohibitions`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from r1_model.plans.forbidden import Forbidden
from r1_model.plans.verbs import (
    CARRYING,
    ENGLISH_VERB,
    EVERYTHING,
    HANDLING,
    english_actions,
    verbs_in,
)

_CLAUSE_END = re.compile(
    r"[.;:!?]+|,(?! (?:under|at|in|on) (?:no|any)\b)"
    r"|\band(?= (?:please|just|instead|rather|also|then)\b)"
    r"|\b(?:but(?! not\b)|however|although|because|then|unless|until|while|afterwards)\b"
    r"|(?<=\w) (?=without\b|instead of\b|rather than\b)"
)
# words between a negation and the verb that it governs
_FILL = (
    r"(?:(?:please|ever|just|even|yet|also|simply|really|accidentally|you|dare|to|try(?:ing)?|"
    r"attempt(?:ing)?|think(?:ing)? (?:of|about)|begin(?:ning)?|start(?:ing)?(?= \w+ing\b)|"
    r"bother(?:ing)?(?= (?:to|\w+ing)\b)|go(?:ing)?(?= (?:and|\w+ing)\b)|and|be|being|"
    r"get(?= \w+ed\b)|"
    r"again|now|at all|under any circumstances|on any account|in any case|by any means|"
    r"the robot|anyone|anybody|either|directly|yourself|first|actually|may|must|should|can|"
    r"shall|has|have|is|are|allowed|at any (?:time|point)|carelessly|suddenly|quickly|"
    r"unnecessarily)\s+)*"
)
_VERB = rf"(?P<verb>{ENGLISH_VERB})"
_IMPERATIVE = (
    r"don't|do not|dont|never(?: ever)?|not|under no (?:circumstances?|conditions?)|"
    r"at no (?:time|point)|on no account|in no (?:case|way)|by no means"
)
_MODAL = (
    r"must not|mustn't|may not|shall not|shan't|should not|shouldn't|need not|needn't|"
    r"must never|should never|may never|had better not|better not"
)
_YOU = r"can't|cannot|can not|could not|couldn't|will not|won't|would not|wouldn't|can never"
_ANY = (
    r"not to|no need to|no need for you to|needn't to|don't have to|do not have to|don't need to|"
    r"do not need to|not (?:allowed|permitted|supposed|meant) to|refrain from|abstain from|"
    r"avoid(?:ing)?|hold off(?: on)?|without|instead of|rather than|nobody|no one|none of you|"
    r"neither|forbid you to|"
    r"rather you didn't|rather not|prefer you not to|stop|prevent(?:ing)?|quit|no"
)
_GOVERNED = re.compile(
    rf"\b(?:(?P<imperative>{_IMPERATIVE})|(?P<modal>{_MODAL})|(?P<you>{_YOU})|(?P<any>{_ANY}))"
    rf"\s+(?P<fill>{_FILL}){_VERB}"
)
_NEEDS_ING = re.compile(
    r"(?:without|instead of|avoid|hold off|prevent|refrain|abstain|stop|quit|no$)"
)
_UNWANTED = re.compile(
    r"\b(?:don't|do not|never|wouldn't|would not|won't|will not|not) "
    r"(?:want|wish|like|allow|permit|accept|appreciate)\b"
    rf"(?:(?P<between>[^.;:!?]*?\b(?:to|be|being|you|anyone|anybody|robot)) {_VERB}"
    rf"|(?P<object>[^.;:!?]+?) (?P<done>{ENGLISH_VERB})"
    r"(?=\s*(?:$|[,.]|(?:up|down|on|off|away|out|over|again|any ?more|now|by|at|to|in|into)\b)))"
)
_NO_COFFEE = re.compile(r"\W*(?:please,? |and )?no (?:more )?(?:coffee|espresso|latte)s?\b")
_OFF_LIMITS = re.compile(
    r"\b(?:forbidden|prohibited|off[- ]limits|taboo|banned|disallowed|not allowed|not permitted|"
    r"a no-go|out of the question|not an option|a bad idea|no good idea)\b"
)
_AWAY = re.compile(
    r"\b(?:(?P<hands>hands off|keep (?:your \w+ )?off)|(?:stay|keep|steer) (?:away|clear|out) "
    rf"(?:from|of))\s+(?P<thing>.+?)(?=\s+and (?:please )?{ENGLISH_VERB}|$)"
)
_STATES = (
    r"alone|untouched|unopened|as (?:it is|is|they are|it was)|where (?:it is|they are|it stands)|"
    r"in peace|open|opened|closed|shut|locked|on|off|running|switched on|switched off"
)
_STAYS = re.compile(
    r"(?<!n't )(?<!not )(?<!never )\b(?:leave|keep|kept|left)\s+"
    rf"(?P<thing>.+?)\s+(?P<state>{_STATES})$"
)
_REMAINS = re.compile(
    r"(?P<thing>.+?)\s+"
    r"(?:(?:must|should|shall|may|can|has to|have to|needs? to|is to|are to|to)\s+(?:just )?"
    rf"(?:stay|remain|be left|be kept)|stays?|remains?)\s+(?P<state>{_STATES})$"
)
_WHEN = re.compile(
    r"(?:,?\s+(?:please|though|as well|too|always|forever|(?:to)?night|today|tomorrow|"
    r"(?:for|at|all|until|till|during|while|whatever|no matter|because|since|even if|if|unless|"
    r"this|from)\b.*))+$"
)
_REVERSE = {
    "open": "close", "opened": "close", "closed": "open", "shut": "open", "locked": "open",
    "unopened": "open", "on": "turn_off", "running": "turn_off", "switched on": "turn_off",
    "off": "turn_on", "switched off": "turn_on",
}  # fmt: skip
_EXCEPT = re.compile(
    r"(?:\b(?:except(?: for)?|apart from|aside from|other than|but not|(?<=\ball )but|"
    r"(?<=\beverything )but|(?<=\banywhere )but|excluding|save for|instead of|rather than)\s+"
    r"|(?:,\s*|\band\s+)not\s+)(?P<place>(?:on|onto|in|into|inside|under|to|at|near)\s+)?"
    r"(?P<thing>(?:the|my|that|this|those|these|your|any|an?)\s+[^.,;:!?]+)"
)
_HALT = re.compile(
    r"^\W*(?:please |robot,? |now )*(?:stop|halt|freeze|stand still|stay where you are)"
    r"(?: (?:it|now|please|there|at once|immediately|everything|moving))*\W*$"
)
_OPENING = re.compile(
    r"^(?:and|or|so|please|but|also|ok|okay|now|just|robot|hey|hi|hello|kindly|just|always|"
    r"remember|careful|listen|whatever you do|you|we|the robot|next|well|no|yes|first|i said|"
    r"i told you|i repeat|\W)*$"
)
_SUBJECT = re.compile(r"\b(?:i|he|she|they|it|which|that|who|we)$")
_ANYTHING = re.compile(
    r"^(?:any|every|some|no)?(?:things?|body|one|where)?(?: (?:else|other))?$|"
    r"^(?:it|them|that|this|those|these|one|ones|all|stuff|both|any|me|us|you|yourself|around|up|"
    r"objects?|items?|furniture|the room)(?: .*)?$"
)
_IT = re.compile(r"\b(?:it|them|they|that|this|those|these)\b")
_OTHERS = re.compile(r"\b(?:else|others?)\b")
_PREPOSITION = re.compile(
    r"\b(?:onto|on|into|in|inside|under|underneath|to|at|near|next to|beside|behind|over)\b"
)
_DETERMINER = re.compile(
    r"^(?:(?:the|an?|my|your|our|any|all|that|this|those|these|some|every|each|either|both|of|"
    r"on|off|up|down|to|at|into|near|towards?|me|us|him|her|with|for|in)\s+)+"
)
_TAIL = re.compile(
    r"\b(?:please|yet|again|now|ever|at all|today|tonight|anymore|any more|for me|for now|"
    r"while .*|when .*|if .*|unless .*|until .*|since .*|because .*|under any circumstances|"
    r"in the process|to do (?:so|that|it)|on|off|up|down)\W*$"
)


def read_english(text: str) -> Iterator[Forbidden]:
    """What the English of a text forbids.

    Args:
        text: in small letters, with plain apostrophes.
    """
    for start, end in _sentences(text):
        if _HALT.match(text[start:end]):
            yield Forbidden(start, end, EVERYTHING)
            continue
        exceptions = list(_exceptions(text, start, end))
        yield from exceptions
        masked = text
        for item in exceptions:
            masked = masked[: item.start] + " " * (item.end - item.start) + masked[item.end :]
        yield from _clauses(masked, start, end)


def _clauses(text: str, start: int, end: int) -> Iterator[Forbidden]:
    last: Forbidden | None = None
    for first, stop in _split(text, start, end):
        clause = text[first:stop]
        found = _read_clause(clause)
        if found is not None:
            said = re.sub(r"\W+(?:(?:but|and|so|or)\W*)?$", "", text[start:first])
            if said and not found.things and _IT.search(clause[found.start : found.end]):
                found = replace(found, things=(said,))  # "take the box, but don't open it"
            if last is not None:
                yield last
            last = replace(found, start=first + found.start, end=first + found.end)
        elif last is not None and last.end <= first and _goes_on(clause):
            # "the drawer or the microwave" behind a comma
            last = replace(last, end=stop, things=(*last.things, *_things(clause)[0]))
        elif last is not None:
            yield last
            last = None
    if last is not None:
        yield last


def _read_clause(clause: str) -> Forbidden | None:
    for match in _GOVERNED.finditer(clause):
        if _forbids(clause, match):
            return _governed(clause, match)
    coffee = _NO_COFFEE.match(clause)
    if coffee is not None:
        return Forbidden(0, len(clause), frozenset({"make_coffee"}))
    unwanted = _UNWANTED.search(clause)
    if unwanted is not None and not re.search(r"\bwhy\b", clause[: unwanted.start()]):
        rest = clause[unwanted.end() :]
        between = unwanted["between"] or unwanted["object"]
        between = re.sub(r"\b(?:for|you|anyone|anybody|the robot|to|be|being)\b", " ", between)
        named = rest if _things(rest)[0] else between
        actions = english_actions(unwanted["verb"] or unwanted["done"], rest)
        return Forbidden(0, len(clause), actions, *_what(named, frozenset()))
    limits = _OFF_LIMITS.search(clause)
    if limits is not None and not clause[: limits.start()].endswith((" not ", "n't ")):
        subject = clause[: limits.start()] + clause[limits.end() :]
        verbs = list(verbs_in(subject, chinese=False))
        actions = frozenset()
        for verb in verbs:
            actions |= english_actions(verb[0], subject[verb.end() :])
        named = subject[verbs[-1].end() :] if verbs else subject
        named = re.sub(r"\b(?:is|are|it's|it|strictly|for you|to)\b", " ", named)
        what = _what(named, actions)
        return Forbidden(0, len(clause), actions or EVERYTHING - {"look_at"}, *what)
    away = _AWAY.search(clause)
    if away is not None:
        actions = HANDLING if away["hands"] else EVERYTHING - {"look_at", "wait"}
        what = _what(away["thing"], actions)
        return Forbidden(away.start(), away.end(), actions, *what)
    stripped = clause.rstrip(" ,.!?")
    stripped = _WHEN.sub("", stripped)
    stays = _STAYS.search(stripped)
    if stays is not None and not _told(clause[: stays.start()]):
        stays = None  # "did someone leave the window open?"
    stays = stays or _REMAINS.search(stripped)
    if stays is not None:
        state = stays["state"]
        actions = frozenset({_REVERSE[state]}) if state in _REVERSE else HANDLING
        return Forbidden(
            stays.start(), len(clause), actions, *_what(stays["thing"], actions),
            also_request=state in _REVERSE,
        )  # fmt: skip
    return None


def _told(before: str) -> bool:
    joined = (" and", " or", " to", " you", "please")
    return bool(_OPENING.match(before)) or before.rstrip().endswith(joined)


def _forbids(clause: str, match: re.Match[str]) -> bool:
    """Is it the robot that is told not to?"""
    before = clause[: match.start()].strip()
    if re.search(r"\bwhy(?: do you)?$", before):
        return False
    if match["imperative"]:
        return _told(before)
    if match["modal"]:
        return not re.search(r"\b(?:i|he|she|they)$", before)
    if match["you"]:
        asked = re.match(r"you\b", match["fill"])  # "can't you open it?"
        return not asked and bool(_OPENING.match(before) and before)
    operator, verb = match["any"], match["verb"]
    if _NEEDS_ING.match(operator):
        return verb.endswith("ing")
    if operator in ("nobody", "no one", "none of you"):
        # "nobody has made the bed" tells what is
        told = re.search(r"\b(?:has|have|is|are)\b", match["fill"])
        return not (told or verb.endswith(("ed", "ing")))
    return not (operator.startswith(("don't", "do not")) and _SUBJECT.search(before))


def _governed(clause: str, match: re.Match[str]) -> Forbidden:
    rest = clause[match.end() :]
    actions = english_actions(match["verb"], rest)
    # "don't open or close the window"
    joined = re.match(rf"(?:\s*(?:,|or|nor|and|/)\s*(?:even |to )?{ENGLISH_VERB})+", rest)
    named = rest
    if joined is not None:
        for verb in verbs_in(joined[0], chinese=False):
            actions |= english_actions(verb[0], rest)
        named = rest[joined.end() :]
    for verb in re.finditer(rf"\b(?:or|nor|and)\s+(?:to )?(?={ENGLISH_VERB})", named):
        more = re.match(ENGLISH_VERB, named[verb.end() :])
        if more is not None:
            actions |= english_actions(more[0], named[verb.end() :])
    before = clause[: match.start()].strip()
    passive = re.search(r"\b(?:be|being|is|are|get)\s", match["fill"]) is not None
    whole = bool(_OPENING.match(before)) or passive or bool(match["modal"] or match["you"])
    if re.search(r"\b(?:you|robot|i'd|i would|i|sure|careful|try|remember)\b", before):
        whole = True
    things, place, others = _what(named, actions)
    if not things and match["verb"].startswith(("mov", "do")) and not others:
        actions = EVERYTHING  # "don't move", "don't do anything"
    if passive or (not things and match["modal"] and before):
        named = re.sub(r"\b(?:is|are|and|so|please)$", "", before).strip()
        things, _, others = _what(named, actions)
    return Forbidden(0 if whole else match.start(), len(clause), actions, things, place, others)


def _exceptions(text: str, start: int, end: int) -> Iterator[Forbidden]:
    for match in _EXCEPT.finditer(text, start, end):
        if any(True for _ in verbs_in(match["thing"], chinese=False)):
            continue
        clause = text[start : match.start()]
        actions: frozenset[str] = frozenset()
        for verb in verbs_in(clause, chinese=False):
            actions |= english_actions(verb[0], clause[verb.end() :])
        nouns = re.findall(r"\b(?:the|my|all|an?|every)\s+(?:\w+\s+)*?(\w+)\b(?=\W*$)", clause)
        thing = match["thing"]
        if nouns:  # "not the red one"
            thing = re.sub(r"\bones?\b", nouns[-1], thing)
        things, place, others = _what(thing, frozenset())
        if things and match["place"] and "place" in actions:
            place = things[0]
            yield Forbidden(match.start(), match.end(), frozenset({"place"}), (), place)
        elif things:
            yield Forbidden(match.start(), match.end(), actions or HANDLING, things, place, others)


def _what(text: str, actions: frozenset[str]) -> tuple[tuple[str, ...], str, bool]:
    """Things, place, and whether it is about all others."""
    text = re.sub(r"\s+", " ", text).strip()
    place = ""
    if "place" in actions and actions < CARRYING:
        split = _PREPOSITION.search(text)
        if split is not None and text[: split.start()].strip():
            place = _DETERMINER.sub("", text[split.end() :].strip() + " ").strip(" ,.!?")
            place = "" if _ANYTHING.match(place) else place
            text = text[: split.start()]
    things, others = _things(text)
    return things, place, others


def _things(text: str) -> tuple[tuple[str, ...], bool]:
    others = _OTHERS.search(text) is not None
    names = []
    for part in re.split(r"\b(?:or|and|nor)\b|,|/", text):
        name = part.strip(" \t\"'.,!?")
        while (shorter := _TAIL.sub("", name).strip(" ,.!?")) != name:
            name = shorter
        name = _DETERMINER.sub("", name + " ").strip()
        name = re.sub(rf"^(?:to )?{ENGLISH_VERB}\s*", "", name) if " " in name else name
        name = _DETERMINER.sub("", name + " ").strip()
        if name and _ANYTHING.match(name):
            return (), others
        if name:
            names.append(name)
    return tuple(names), others


def _goes_on(clause: str) -> bool:
    return (
        re.match(r"\s*(?:or|nor|and)?\s*(?:the|my|an?|any|your)\s", clause) is not None
        and next(verbs_in(clause, chinese=False), None) is None
    )


def _sentences(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for match in re.finditer(r"[.;!?。；！？]+", text):
        yield start, match.end()
        start = match.end()
    if start < len(text):
        yield start, len(text)


def _split(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    first = start
    for match in _CLAUSE_END.finditer(text, start, end):
        if match.start() > first:
            yield first, match.start()
        first = match.end()
    if first < end:
        yield first, end
