"""What a request forbids, read from its words, and what is left to do without that.

The rule: a clause forbids where a *negation governs the verb of a skill* ("don't open", "without
opening", "never", 不要打開, 別開, 在不打開 ... 的情況下). Adverbs may stand between the two, other
verbs may not: in "don't forget to close the door" the negation governs forgetting, so nothing is
forbidden. Beside that rule: what is to stay as it is ("leave the lamp on", 保持關閉), what is
excepted ("all but", 除了 ... 以外), what is off limits or to be kept away from, where a thing does
not belong, what is wished away ("I'd hate to see it moved"), kept for others ("leave it to me") or
put off ("not before I'm back"), and a bare "stop". A question may forbid as well: "could you please
not touch it?" asks for it, "didn't I tell you not to?" reminds of it.

What is forbidden reaches to the end of the clause; where the words leave open what is meant ("it",
"anything"), everything is. Reading is in `english` and `chinese`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from r1_model.plans.forbidden import Forbidden, Prohibition
from r1_model.plans.prohibitions.chinese.reading import read_chinese
from r1_model.plans.prohibitions.counted import counted
from r1_model.plans.prohibitions.english.reading import read_english
from r1_model.plans.speech import asks_for_action
from r1_model.text.chinese import simplified

_LEADING = re.compile(
    r"^(?:[\s,.;:!?，。；：！？、]+|"
    r"(?:and|but|so|then|or|just|whatever you do|(?:while|when|as) you|(?:when|while)(?= \w+ing\b)|"
    r"(?:can|could|would|will) you(?= (?:when|while|as) you\b)|"
    r"there's|there is|thanks|thank you)\b|"
    r"但是|但|而且|而|然後|然后)+",
    re.IGNORECASE,
)
_TRAILING = re.compile(
    r"(?:[\s,;:，；：、–—]|(?<=\s)-+(?=\s|$)|"
    r"\b(?:and|but|or|so|whatever you do|there's|there is)\b|"
    r"但是|但|並且|并且|而)+([.!?。！？]*)$",
    re.IGNORECASE,
)
# questions that remind of it: "how often do I have to tell you not to touch it?"
_REMINDS = re.compile(
    r"\b(?:tell|told|ask|asked|warn|warned|remind|reminded) you (?:not|never) to\b"
    r"|\byou (?:promised?|agreed?|swore)(?: me| us)? (?:not|never) to\b"
    r"|\b(?:agree|agreed|clear|understand|understood|remember|know|aware|promised?|swear)\b.*"
    r"\byou (?:must|will|may|"
    r"should|can|are|shall|won't|wouldn't|can't|mustn't|shouldn't|aren't)\b"
    "|(?:答应|保证|说好|约定|发誓)[^，。；！？]{0,6}(?:不|别)"
    "|(?:说过|告诉过|提醒过|讲过|跟你说)[^，。；！？]{0,8}(?:不要|别|不准|不许|不能)"
)
_PUNCTUATION = " \t\n,.;:!?，。；：！？、…"
# what may be left of a sentence whose every clause forbade something
_EMPTY = re.compile(
    r"(?:\s|\b(?:and|but|so|please|then|also|or|ok|okay|no|just|robot|you|thanks?|there's|there|"
    r"is|whatever|do)\b|但是|但|而|请|然后|不过|也|和|你|您|可是|可|机器人|麻烦|谢谢|好的|好)*"
)


@dataclass(frozen=True)
class Request:
    """What a request says about the steps of its plan.

    Attributes:
        text: as it was given.
        allowed: the text without the clauses that forbid; empty where nothing else is said.
        prohibitions: in the order of the text.
        acts: something is to be done (see `speech`); False for a question.
    """

    text: str
    allowed: str
    prohibitions: tuple[Prohibition, ...] = ()
    acts: bool = True


def read_request(text: str) -> Request:
    """What a request forbids, and what it asks for beside that.

    Args:
        text: English, Chinese (Traditional or Simplified), or both.
    """
    plain = simplified("".join(map(_plain, text)))
    if not asks_for_action(text):  # "did somebody leave the window open?"
        reminds = _REMINDS.search(plain) is not None
        read = [*read_english(plain), *read_chinese(plain)] if reminds else []
        said = tuple(_prohibition(item, text) for item in read if item.things)
        return Request(text, text, said, acts=False)
    read = [*read_english(plain), *read_chinese(plain), *counted(plain)]
    found = sorted(read, key=lambda item: item.start)
    # "stop! bring me the mug": what was going on ends, the order holds
    found = [item for item in found if not (item.halts and _orders_after(item, found, text))]
    # "only the mug may be taken" names what is asked for
    spans = [
        (item.start, item.end)
        for item in found
        if not (item.spared or (item.others and item.also_request))
    ]
    allowed = _without(text, plain, spans)
    kept = [item for item in found if item.also_request]
    if not allowed and kept:  # "keep the window closed" may take a step
        allowed = text.strip()
    prohibitions = tuple(_prohibition(item, text) for item in found)
    # the mark may be that of what went: "could you keep it open while you wipe the table?"
    acts = not allowed or asks_for_action(allowed.rstrip("?？") if found else allowed)
    return Request(text, allowed, prohibitions, acts)


def _orders_after(halt: Forbidden, found: Sequence[Forbidden], text: str) -> bool:
    end = halt.end
    rest = text[end:]
    spans = [(item.start - end, item.end - end) for item in found if item.start >= end]
    said = _without(rest, rest.lower(), spans)
    return bool(re.search(r"\w", said)) and asks_for_action(said)


def _prohibition(item: Forbidden, text: str) -> Prohibition:
    words = text[item.start : item.end].strip(_PUNCTUATION)
    return Prohibition(
        item.actions, item.things, item.place, item.others, words, item.halts, item.spared
    )


def _plain(character: str) -> str:
    # every character stays one, so that places in the two texts are the same
    small = character.lower()
    if len(small) != 1:
        return character
    return {"’": "'", "‘": "'", "`": "'", "\n": ".", "\t": " "}.get(small, small)


def _without(text: str, plain: str, spans: Sequence[tuple[int, int]]) -> str:
    kept, words, position = "", "", 0
    for start, end in [*spans, (len(text), len(text))]:
        if start > position:
            kept += text[position:start]
            words += plain[position:start]
        position = max(position, end)
    if not spans:
        return text.strip()
    rest = words
    for mark in _PUNCTUATION:
        rest = rest.replace(mark, " ")
    if _EMPTY.fullmatch(rest):
        return ""
    return _tidy(kept)


def _tidy(text: str) -> str:
    """Without the marks and joining words that are left at the seams."""
    text = re.sub(r"\s+([,.;:!?])", r"\1", re.sub(r"[ \t]+", " ", text))
    while (shorter := _TRAILING.sub(r"\1", _LEADING.sub("", text)).strip()) != text:
        text = shorter
    return text
