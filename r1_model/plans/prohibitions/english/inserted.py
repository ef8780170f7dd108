"""What stands in an English sentence and says nothing of it, taken out; every place stays.

Words of hesitation, "whatever happens", tags ("understood?"), and commas that only part a list:
"leave the lamp, the vase and the door alone", "don't touch it, move it, or open it".
"""

from __future__ import annotations

import re

from r1_model.plans.verbs import ENGLISH_VERB

_INSERTED = re.compile(
    r",\s*(?:under any circumstances|on any account|in any case|at any time|please)\s*,|"
    r"(?<=\bever),\s*ever\b"
)
# the word before them moves to their end, as one space is expected between words
_SILENT = re.compile(
    r"(?P<word>[\w']*)(?:"
    # "nobody, you included, touches it"
    r",\s*(?:you (?:included|too|neither)|(?:and that )?(?:including|includes) you(?:rself)?|"
    r"not even you|yourself included|you know|like|however|though|on the other hand|i (?:repeat|"
    r"said|say),? (?:not|never))\s*,"
    r"|(?:^|\s|,)\s*(?:um+|uh+|erm?|hm+)\b,?"
    r"|(?<=without) (?:like|you know)\b"
    r"|(?:(?<=n't)|(?<=dont)|(?<=not)|(?<=never)) (?:you know|i mean)\b"
    rf"(?= {ENGLISH_VERB}(?! (?:how|what|where|whether)\b))"
    r"|(?:[\s,]+(?:understood|got it|okay|ok|alright|all right|thanks|thank you))+"
    r"(?=\s*(?:[.;!]|$)))"
)
_EMPTY = re.compile(
    r"\bi mean\b(?=\W*(?:the|don't|do not|not|never|no|leave|keep)\b)[,:]?|\bat all (?:times|"
    r"costs)\b|\bwhatsoever\b|\bfrom (?:now|today|here) on\b,?"
)
_WHATEVER = re.compile(r"\b(?:whatever happens|no matter what(?: happens)?|come what may)\b,?")
_NOUNS = r"(?:the|my|our|his|her|your|that|this|those|these|any) (?:[\w'-]+ ){0,2}?[\w'-]+"
_NOUN_LIST = re.compile(
    r"(?:(?<=\bleave )|(?<=\bkeep )|(?<=\blet )|(?:^|[.;:!?])\W*(?:(?:please|and|but|so|then) )*)"
    rf"{_NOUNS}(?:, {_NOUNS})*,? (?:and|or) {_NOUNS}(?= (?:alone|be|as (?:they|it)|where|in peace|"
    r"untouched|closed|shut|on|off|open|must|may|should|shall|are|can|can't|cannot|stay|remain)\b)"
)
_VERB_LIST = re.compile(
    r"\b(?:don't|do not|dont|never|not|without|can't|cannot|mustn't|may not|shouldn't|won't)\b"
    rf"[^.,;:!?]*(?:,\s*(?:{ENGLISH_VERB}|the|my|any) [^.,;:!?]*?)*"
    rf"(?:,\s*|(?<=\w)\s)(?:or|nor) (?:to )?{ENGLISH_VERB}"
)
# "do n't", "don t": no letter more or fewer
_APART = re.compile(
    r"\b(?P<word>do|does|did|is|are|was|were|ca|could|would|should|must|wo|has|have)"
    r"(?: n't|(?P<n>n)[ ,;]t)\b"
)


def without_inserted(text: str) -> str:
    """An English text whose insertions are spaces, each character in its place.

    Args:
        text: in small letters, with plain apostrophes.
    """
    text = _APART.sub(_joined, text.replace("ain't", "isn't"))
    # "don't, under any circumstances, open it": marks that part nothing
    text = _INSERTED.sub(lambda found: found[0].replace(",", " "), text)
    text = _SILENT.sub(lambda found: found["word"].rjust(len(found[0])), text)
    text = _EMPTY.sub(lambda found: " " * len(found[0]), text)
    text = _WHATEVER.sub(lambda found: ",".ljust(len(found[0])), text)
    for listed in (_NOUN_LIST, _VERB_LIST):
        text = listed.sub(lambda found: found[0].replace(",", "/"), text)
    return text.replace("(", ",").replace(")", ",")


def _joined(found: re.Match[str]) -> str:
    return f"{found['word']}n't" if found["n"] else f" {found['word']}n't"
