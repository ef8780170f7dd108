"""English verbs of skills that a negation governs: "don't open", "without opening", "never"."""

from __future__ import annotations

import re

from r1_model.plans.forbidden import Forbidden
from r1_model.plans.prohibitions.english.meant.asked import runs_on
from r1_model.plans.prohibitions.english.meant.things import named_in
from r1_model.plans.prohibitions.english.orders import opens, told
from r1_model.plans.prohibitions.english.wishes import unwelcome, welcome
from r1_model.plans.verbs import (
    ENGLISH_VERB,
    ENGLISH_VERBS,
    EVERYTHING,
    english_actions,
    verbs_in,
)

# words between a negation and the verb that it governs
_FILL = (
    r"(?:(?:please|ever|just|even|yet|also|simply|really|accidentally|you|dare|to|try(?:ing)?|"
    r"planning (?:on|to)|going to|"
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
    r"(?:must|may|should|shall|can|will|is to|are to) (?:on no account|under no circumstances|"
    r"at no time|in no (?:case|way)|by no means)|"
    r"must not|mustn't|may not|shall not|shan't|should not|shouldn't|need not|needn't|"
    r"must never|should never|may never|(?:doesn't|does not|don't|do not) get(?= \w+ed\b)|"
    r"had better not|better not|"
    r"(?:doesn't|does not|don't|do not) (?:need|require|have)(?: to)?(?= (?:be \w+ed|\w+ing)\b)"
)
_YOU = (
    r"can't|cannot|can not|could not|couldn't|will not|won't|would not|wouldn't|can never|"
    r"(?:'ll|will|'d|would|'re) never(?: to)?"
)
# "I don't think you should open it"; "I don't think you can" says what is possible
_DOUBTS = (
    r"(?:(?:don't|do not) (?:think|believe|suppose|feel|reckon)|doubt)(?: that)? "
    r"(?:you|we|anyone|anybody)(?:'d| had)? (?:should|must|may|ought to|need to|have to|better)"
)
_ANY = (
    rf"{_DOUBTS}|not to|no (?:reason|cause|point|sense|use|call|permission|right|authority|"
    rf"excuse|business|occasion)"
    r"(?: for you| whatsoever| at all)?(?: to| in| for)?|"
    r"no need to|no need for you to|needn't to|don't have to|do not have to|don't need to|"
    r"do not need to|not (?:allowed|permitted|supposed|meant) to|refrain from|abstain from|"
    r"(?:resist|fight) (?:the|any|every|your) (?:urge|temptation|impulse|desire) to|"
    r"avoid(?:ing)?|hold off(?: on)?|without|instead of|rather than|nobody|no one|none of you|"
    r"neither|forbid you to|(?:not|isn't|aren't|wasn't|never) (?:really |exactly |at all )?(?:ok|"
    r"okay|safe|wise|fine|good|"
    r"advisable|right|acceptable|appropriate|necessary|the time|a good idea|smart|polite)"
    r"(?: for you)? to|"
    r"(?:unwise|unsafe|dangerous|risky|illegal|inadvisable|foolish|"
    r"a bad idea|too (?:early|late|soon|dangerous|risky|hot|noisy|loud|fragile))(?: for you)? to|"
    r"resist|desist from|forgo|hold back from|think twice before|decline to|isn't (?:nobody|"
    r"no one|anybody|anyone)|"
    r"(?:(?:forbid|prohibit|ban|bar|keep|prevent) (?:you|anyone|anybody) )from|"
    r"(?:(?:is|are|am|was) not|isn't|aren't|not|no) (?:to|(?:allowed|permitted|supposed|meant) to)|"
    r"(?:isn't|aren't) (?:to|allowed to|permitted to|supposed to|meant to)|"
    r"if (?:you|nobody|no one) (?:didn't|did not|don't|do not|wouldn't|would not|could not|never|"
    r"not)|(?:wish|rather|prefer) (?:that )?you (?:wouldn't|would not|didn't|did not|don't)|"
    r"no more|one (?:doesn't|does not)|(?:don't|do not|doesn't|does not) get to|"
    r"(?:nobody|no one) (?:but|except) (?:me|us|him|her)|(?:isn't|is not|aren't|are not) (?:yours|"
    r"for you) to|"
    r"(?:not|n't) (?:your (?:job|place|business|task|turn)|up to you|for you) to|"
    r"rather you didn't|rather not|prefer you not to|stop|prevent(?:ing)?|quit|no"
)
# a way or an emphasis nobody has listed: "don't for any reason open it"; what has an infinitive, a
# subject or an object behind it is another verb: "don't forget to open it"
_GAP = (
    r"(?:(?!(?:to|i|you|we|he|she|it|they|them|this|that|the|an?|my|your(?! life| own)|our|me|us|"
    r"and|or|but|so|"
    r"because|if|when|while|until|till|unless|why|what|how|where|who|which|only|just|simply|worry|forget\w*|"
    r"hesitate|wait\w*|mind|fail|panic|be|is|are|was|were|been|stop\w*|quit|cease|finish|give|delay|postpone|resist|neglect|skip|refuse|regret|believe|imagine|miss|expect|skimp|avoid|matter|stand|sit|have|has|"
    r"need|want|know|care|like|think|say|said|understand|remember|see|let|before|after|later|than|"
    r"problem|more|less|longer|doubt|wonder|way|time|rush|hurry|shy|lazy|there|here|no|not|never|long)\b)"
    r"[a-z'-]+\s+){0,4}?"
)
_GOVERNED = re.compile(
    rf"\b(?:(?P<any>{_ANY})|(?P<imperative>{_IMPERATIVE})|(?P<modal>{_MODAL})|(?P<you>{_YOU}))"
    rf"\s+(?P<fill>{_FILL})(?:(?<=n't\s|not\s|ver\s){_GAP})?{_VERB}"
)
_NEEDS_ING = re.compile(
    r"(?:without|instead of|resist$|desist|forgo|hold back|think twice|no \w+ for$|avoid|"
    r"hold off|prevent|refrain|abstain|stop|quit|no$|no more|isn't \w+body|"
    r"isn't (?:no one|anyone))|.*\bfrom$"
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
_YOURS = re.compile(r"(?:yours|for you) to$")
_IT = re.compile(r"\b(?:it|them|they|that|this|those|these)\b")


def governed(clause: str, after: str) -> Forbidden | None:
    """What the first negation that is said to the robot forbids.

    Args:
        clause: in small letters.
        after: what follows it in the request.
    """
    for match in _GOVERNED.finditer(clause):
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
    if re.search(r"\bwhy(?: do you)?$", before):
        return False
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
    if _NEEDS_ING.match(operator) and _NOT_NOT.search(before) and not operator.endswith("without"):
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
    if _NEEDS_ING.match(operator):
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
    if re.match(_DOUBTS, operator):
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
        named = re.sub(r"\b(?:is|are|and|so|please)$", "", before).strip()
        things, _, others = named_in(named, actions)
    return Forbidden(
        0 if whole else match.start(), end, actions, things, place, others,
        # "the window should not be open": it may have to be closed
        also_request=passive and match["verb"] == "open",
    )  # fmt: skip


def _ends_ing(match: re.Match[str]) -> bool:
    return match["verb"].endswith("ing") and bool(_NEEDS_ING.match(match["any"] or ""))


def _counts(rest: str, after: str) -> bool:
    """ "Don't bring more than one": a number, not the act."""
    return bool(_AT_MOST.match(rest) or (_EACH.match(rest) and _ONLY_SOME.match(after)))
