"""English verbs of skills that a negation governs: "don't open", "without opening", "never"."""

from __future__ import annotations

import re

from r1_model.plans.forbidden import Forbidden
from r1_model.plans.prohibitions.english.meant.asked import runs_on
from r1_model.plans.prohibitions.english.meant.things import named_in
from r1_model.plans.prohibitions.english.negations import DOUBTS, GOVERNED, NEEDS_ING
from r1_model.plans.prohibitions.english.orders import opens, told
from r1_model.plans.prohibitions.english.wishes import unwelcome, welcome
from r1_model.plans.verbs import (
    ENGLISH_VERB,
    ENGLISH_VERBS,
    EVERYTHING,
    english_actions,
    verbs_in,
)

_UNWISE = re.compile(r"un\w+|danger|risky|illegal|inadv|fool|a bad|too ")
_MARKS = " ,.!?"
_BARE_NEXT = re.compile(rf"(?P<next>\s+and (?:please |then )*(?!(?!bring)\w+ing\b){ENGLISH_VERB})")
_MAY_TELL = ("might", "could", "would", "may")
# "don't open all of them, only one"
_EACH = re.compile(r"\s*(?:(?:me|us) )?(?:all|both|every|each|the whole)\b")
_ONLY_SOME = re.compile(
    r"\W*(?:(?:just|only|but)\s+(?:one|two|three|four|five|six|\d+|some|a few|half|a couple)\b|"
    r"(?:one|two|three|four|five|six|\d+|some|a few|half) (?:is|are|will (?:be|do))\b)"
)
# speech written down has no marks: "bring the mug don't touch the vase close the window"
_RUN_ON = re.compile(
    r"\s*(?:(?:on|off|up|down|to|near|into) )*(?:(?:the|my|our|that|this|those|these|any)"
    r"(?: (?!(?:to|and|who|that|which|is|are|you|i|we|they|the|my|a)\b)[\w'-]+){1,3}?"
    r"|it|them|anything)"
    rf"(?P<next>\s+(?:(?:just|then|please|instead) )*(?!(?!bring)\w+(?:ing|ed|s)\b){ENGLISH_VERB} "
    r"(?:(?:off|on|up|me|us) )*(?:the|my|our|that|this|those|these) \w)"
)
_OR = re.compile(r"\b(?:or|nor)\b|/")
_I_SAID = re.compile(
    r"^\W*(?:(?:and|but|as|well|no) )*"
    r"i(?:'ve)? (?:said|say|told you|repeat|mean|insist)(?: that)?\b"
)
_SPEAKER = re.compile(r"\b(?:i|he|she|they|we|me|us|him|her|them)\b")
_ADDRESSED = re.compile(r"\b(?:you|robot|anyone|anybody|everyone|everybody|nobody)\b")
_SUBJECT = re.compile(r"\b(?:i|he|she|they|it|which|that|who|we)$")
_SPOKEN_OF = re.compile(r"\b(?:i|he|she|they)$")
_WHICH = re.compile(rf"\b{ENGLISH_VERB} (?:the|an?|my|every|all|any)\b[^,]* (?:that|which|who)$")
# "don't stop wiping it" asks to go on
_NOT_NOT = re.compile(r"(?:n't|\bnot|\bnever|\bcannot)(?: (?:you|ever|just|yet))?$")
_AT_MOST = re.compile(
    r"\s*(?:(?:me|us|in|up|out|away|over)\s+)*(?:any )?(?:more|less|fewer) than\b"
)
# "the vase you don't touch"
_FRONTED = re.compile(r"(?P<thing>\b(?:the|my|our|that|this|those|these|\w+'s)\s[^,]+?) you$")
_HAN_TOPIC = re.compile("(?P<thing>[\u3400-\u9fff]+(?: ?[a-z]+)?)$")
_GO = re.compile(r"go(?:ing)?(?: (?:just )?yet| away)?\W*$")
# "there's no reason not to", "I didn't say you mustn't", "whoever said it mustn't"
_NO_REASON = re.compile(
    r"\b(?:no (?:reason|harm|need|excuse|point|cause|law|rule)(?: (?:for|why) you)?"
    r"|who(?:ever)? (?:the hell |on earth )?(?:says?|said|told you|claims?|claimed)\b[^,;:]*)$"
)
_NOT_SAID = re.compile(
    r"(?:n't|\b(?:not|never|nobody|no one))(?: ever)? "
    r"(?:say|said|saying|mean|meant|tell|told|telling|claim)\b(?! to\b)"
    r"(?P<more>(?: (?!again\b|twice\b)[\w'-]+)*)$"
)
_YOURS = re.compile(r"(?:yours|for you) to$")
_IT = re.compile(r"\b(?:it|them|they|that|this|those|these)\b")


def governed(clause: str, after: str) -> Forbidden | None:
    """What the first negation that is said to the robot forbids.

    Args:
        clause: in small letters.
        after: what follows it in the request.
    """
    for match in GOVERNED.finditer(clause):
        if _forbids(clause, match) and not _counts(clause[match.end() :], after):
            found = _governed(clause, match)
            if _GO.match(clause, match.start("verb")) and any(verbs_in(after, chinese=False)):
                continue  # "don't go yet, bring me the mug"
            if found.actions:  # "don't get up" names no skill
                return found
    return None


def _forbids(clause: str, match: re.Match[str]) -> bool:
    """Is it the robot that is told not to?"""
    before = clause[: match.start()].strip()
    if re.search(r"\bwhy(?: do you)?$", before) or _NO_REASON.search(before):
        return False
    said = _NOT_SAID.search(before)
    if said is not None and not (said["more"] and match["imperative"]):
        return False  # "I won't say it twice don't touch it" forbids
    passive = re.match(r"(?:ever )?be\s", match["fill"]) is not None
    if match["imperative"]:
        # "I'd prefer the window not be closed"; "it might not be closed" tells what may be
        subjunctive = match["imperative"] == "not" and passive and not before.endswith(_MAY_TELL)
        # "could you not just bring it?" asks for it
        just = before.endswith("you") and re.match(r"(?:just|simply)\b", match["fill"])
        led = _HAN_TOPIC.sub("", before)  # "電腦 don't touch"
        return (told(led) or subjunctive or runs_on(before)) and not just
    if match["modal"]:
        # "close the window that shouldn't be open"; "the kids must not go out" is about the kids
        relative = _WHICH.search(before)
        goes = ENGLISH_VERBS[match["verb"]] == ENGLISH_VERBS["go"] and not passive
        another = goes and bool(before) and not (opens(before) or _ADDRESSED.search(before))
        return not (_SPOKEN_OF.search(before) or relative or another)
    if match["you"]:
        asked = re.match(r"you\b", match["fill"])  # "can't you open it?"
        # "the fridge can't be opened today"
        by_whom = re.search(r"\bby (?:me|us|hand|\w+sel(?:f|ves))\b", clause[match.end() :])
        barred = (
            passive
            and not by_whom
            and not _SUBJECT.search(before)
            and match["you"].startswith(("can't", "cannot", "can not"))
        )
        return not asked and bool(opens(before) and before or barred)
    operator, verb = match["any"], match["verb"]
    if NEEDS_ING.match(operator) and _NOT_NOT.search(before) and not operator.endswith("without"):
        return False
    if operator.startswith("if "):
        return before.endswith("only") or welcome(before)
    if _UNWISE.match(operator) and (_NOT_NOT.search(before) or _SPEAKER.search(before)):
        return False  # "it isn't dangerous to open it", "I'm too late to open it"
    if operator.endswith("to") and operator.startswith(("not", "no ", "is", "are")):
        before = _I_SAID.sub("", before)
        if unwelcome(before):
            return False  # "it would be a shame not to open it"
        # "I was told not to lift things" is about the speaker
        return _ADDRESSED.search(before) is not None or not _SPEAKER.search(before)
    if NEEDS_ING.match(operator):
        return verb.endswith("ing")
    if operator.startswith(("nobody", "no one", "none of you")):
        if re.search(r"\b(?:can|could|will|would|does|did)$", before):
            return False  # "can nobody close it?"
        if before.endswith("if"):  # "if nobody closes it, we'll freeze"
            return welcome(before.removesuffix("if"))
        # "nobody has made the bed" tells what is, "the book nobody uses" which one
        tells = re.search(r"\b(?:has|have|is|are)\b(?! (?:to|allowed|permitted)\b)", match["fill"])
        which = before and not told(before) and not clause[match.end() :].strip(" ,.!?")
        return not (tells or which or verb.endswith(("ed", "ing")))
    if re.match(DOUBTS, operator):
        return re.search(r"\b(?:i|we)(?: (?:really|still|just))?$", before) is not None
    return not (operator.startswith(("don't", "do not")) and _SUBJECT.search(before))


def _governed(clause: str, match: re.Match[str]) -> Forbidden:
    # "stop wiping the table and bring me the mug" asks for the mug
    next_one = _BARE_NEXT.search(clause, match.end()) if _ends_ing(match) else None
    if next_one is None and not _OR.search(clause, match.end()):
        next_one = _RUN_ON.match(clause, match.end())
    end = next_one.start("next") if next_one is not None else len(clause)
    rest = clause[match.end() : end]
    actions = english_actions(match["verb"], rest)
    # "don't open or close the window"
    joined = re.match(rf"(?:\s*(?:,|or|nor|and|/)\s*(?:even |to )?{ENGLISH_VERB})+", rest)
    named = rest
    if joined is not None:
        for verb in verbs_in(joined[0], chinese=False):
            actions |= english_actions(verb[0], rest)
        named = rest[joined.end() :]
    for verb in re.finditer(
        rf"(?:\b(?:or|nor|and)|/)\s*\b(?:(?:or|nor) )?(?:even )?(?:to )?(?={ENGLISH_VERB})", named
    ):
        more = re.match(ENGLISH_VERB, named[verb.end() :])
        if more is not None:
            actions |= english_actions(more[0], named[verb.end() :])
    before = clause[: match.start()].strip()
    passive = re.search(r"\b(?:be|being|get|(?:is|are)(?! to))\s", match["fill"]) is not None
    whole = bool(opens(before)) or passive or bool(match["modal"] or match["you"])
    if re.search(r"\b(?:you|robot|i'd|i would|i|sure|careful|try|remember)\b", before):
        whole = True
    things, place, others = named_in(named, actions)
    yours = _YOURS.search(match["any"] or "") is not None
    whole = whole or yours
    alone = not _IT.match(named.strip()) and "furniture" not in named
    if not things and match["verb"].startswith(("mov", "do")) and not others and alone:
        actions = EVERYTHING  # "don't move", "don't do anything"
    fronted = None
    if not things and not named.strip(_MARKS):
        fronted = _FRONTED.search(before) or _HAN_TOPIC.search(before)
    if fronted is not None:
        things, _, others = named_in(fronted["thing"], frozenset())
    elif passive or (not things and before and (match["modal"] or yours)):
        named = re.sub(
            r"^\W*(?:(?:only|just|but) )+|(?:\b(?:is|are|and|so|please)|'s|'re)$", "", before
        ).strip()
        things, _, others = named_in(named, actions)
    return Forbidden(
        0 if whole else match.start(), end, actions, things, place, others,
        # "the window should not be open": it may have to be closed
        also_request=passive and match["verb"] == "open",
    )  # fmt: skip


def _ends_ing(match: re.Match[str]) -> bool:
    return match["verb"].endswith("ing") and bool(NEEDS_ING.match(match["any"] or ""))


def _counts(rest: str, after: str) -> bool:
    """ "Don't bring more than one": a number, not the act."""
    return bool(_AT_MOST.match(rest) or (_EACH.match(rest) and _ONLY_SOME.match(after)))
