"""Reads facts back out of sentences: numbers, colours, states, places. For checking answers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from r1_training.synthetic.household.catalog import VOCABULARY
from r1_training.synthetic.language.context import SPEAKERS
from r1_training.synthetic.language.words import words_en, words_zh
from r1_training.synthetic.language.words.speaker_en import RELATIONS as RELATIONS_EN

_EN_NUMBERS = {word: number for number, word in enumerate(words_en.NUMBERS)} | {
    "none": 0,
    "zero": 0,
    "nothing": 0,
}
_ZH_NUMBERS = {word: number for number, word in enumerate(words_zh.NUMBERS)} | {"二": 2, "两": 2}
_EN_COUNT = re.compile(
    r"\b(" + "|".join(sorted(_EN_NUMBERS, key=len, reverse=True)) + r"|[0-9]{1,3})\b"
)
_ZH_COUNT = re.compile(
    "(沒有|没有|" + "|".join(sorted(_ZH_NUMBERS, key=len, reverse=True)) + "|[0-9]{1,3})"
)
_CENTIMETRES = ("cm", "centimet", "公分", "厘米")
_LENGTH = re.compile(
    rf"(?<![0-9.])([0-9]{{1,5}}(?:\.[0-9]+)?) ?({'|'.join(_CENTIMETRES)}|met|公尺|米|m\b)"
)
_OPENING = re.compile(r"\s*(?:yes|no|是的|不是|沒有|没有|有|對|对|okay|好的)\s*[,，.。]\s*")
_YES = ("yes", "是的", "有，", "對", "对", "會", "会", "看得到", "可以")
_NO = ("no", "probably not", "not", "不", "沒", "没", "看不", "還不", "还不", "可能沒", "可能没")


def family(language: str) -> str:
    """en or zh."""
    return "en" if language == "en" else "zh"


def count(text: str) -> int | None:
    """The first number of a sentence, behind "yes," or "no,"; "no chair" is 0."""
    text = text.lower()
    opening = _OPENING.match(text)
    rest = text[opening.end() :] if opening else text
    rest = re.sub("[一總总]共|五斗[櫃柜]", "", rest)  # a dresser has five drawers in its name
    found = _EN_COUNT.search(rest) if re.search("[a-z]", rest) else _ZH_COUNT.search(rest)
    if found is None:
        return None
    word = found[1]
    if word.isdigit():
        return int(word)
    return _EN_NUMBERS.get(word, _ZH_NUMBERS.get(word, 0))


def metres(text: str) -> float | None:
    """The first length of a sentence with its unit, as metres."""
    text = re.sub("<obj>[^<]*</obj>", "", text).lower()  # its numbers are no lengths
    found = _LENGTH.search(text)
    if found is None:
        return None
    return float(found[1]) / (100 if found[2] in _CENTIMETRES else 1)


def yes_or_no(text: str) -> bool | None:
    """What a sentence starts with: yes, no, or neither."""
    text = text.strip().lower()
    if text.startswith(_YES):
        return True
    return False if text.startswith(_NO) else None


def colors(text: str, language: str) -> set[str]:
    """Keys of the colours that a sentence names."""
    if language == "en":
        table = {name: key for key, name in words_en.COLORS.items()} | {"gray": "grey"}
    else:
        script = 0 if language == "zh-Hant" else 1
        table = {names[script]: key for key, names in words_zh.COLORS.items()}
    return _named(text, table)


def words_of(kind: str, text: str, language: str) -> set[str]:
    """Keys of the materials, shapes or rooms that a sentence names."""
    say = SPEAKERS[language]
    tables: dict[str, Mapping[str, object]] = {
        "material": words_en.MATERIALS, "shape": words_en.SHAPES, "room": words_en.ROOMS
    }  # fmt: skip
    keys = tables[kind]
    table = {say.script(getattr(say, kind)(key)).lower(): key for key in keys}
    if kind == "material" and language == "en":
        table |= {adjective: key for key, (adjective, _) in words_en.MATERIALS.items()}
    return _named(text, table)


def _named(text: str, table: dict[str, str]) -> set[str]:
    """Keys of all words of a table in a text; a word inside of a longer one does not count."""
    text, found = text.lower(), set()
    for word in sorted(table, key=len, reverse=True):
        pattern = rf"\b{re.escape(word)}\b" if word.isascii() else re.escape(word)
        text, number = re.subn(pattern, " ", text)
        if number:
            found.add(table[word])
    return found


def nouns(category: str, language: str) -> tuple[str, ...]:
    """All names of a category, the wider word included."""
    say = SPEAKERS[language]
    names = {say.noun(category, index).lower() for index in range(2)}
    if VOCABULARY[category].hypernym in words_zh.HYPERNYMS:
        names.add(say.noun(category, -1).lower())
    return tuple(sorted(names, key=len, reverse=True))


@cache
def _longer(category: str, language: str) -> re.Pattern[str]:
    """A category's names and the longer ones of others around them: a floor lamp for a lamp."""
    own = nouns(category, language)
    others = {noun for other in VOCABULARY for noun in nouns(other, language)}
    names = {*own, *(noun for noun in others if any(name in noun for name in own))}
    words = "|".join(re.escape(noun) for noun in sorted(names, key=len, reverse=True))
    return re.compile(rf"\b(?:{words})" if language == "en" else words)


def _of_others_hidden(text: str, category: str, language: str) -> str:
    """A text in lower case, without longer names that hold a name of the category: an office chair
    is no answer where a chair is meant, nor a bookcase (書架) where a book (書) is.
    """
    own = nouns(category, language)
    return _longer(category, language).sub(
        lambda found: found[0] if found[0] in own else "\u0002" * len(found[0]), text.lower()
    )


def names_category(text: str, category: str, language: str) -> bool:
    """Does a sentence name the category, in singular or plural?"""
    text = _of_others_hidden(text, category, language)
    if language != "en":
        return any(noun in text for noun in nouns(category, language))
    plurals = {words_en.PLURALS.get(noun, noun + "s") for noun in nouns(category, "en")}
    words = "|".join(re.escape(noun) for noun in (*plurals, *nouns(category, language)))
    return re.search(rf"\b(?:{words})\b", text) is not None


def first_place(text: str, category: str, language: str) -> int:
    """Where a category is named first; past the end where it is not."""
    text = _of_others_hidden(text, category, language)
    places = [text.find(noun) for noun in nouns(category, language)]
    return min((p for p in places if p >= 0), default=len(text) + 1)


def says_state(text: str, category: str, state: tuple[str, str], language: str) -> bool:
    """Does a sentence say that the state is so, in any of its words?"""
    say = SPEAKERS[language]
    more = words_en.ASKED_STATES if language == "en" else words_zh.ASKED_STATES
    words = {say.state(category, state), *more.get(state, ())}
    if language == "en":
        return any(re.search(rf"\bis {word}\b", text.lower()) for word in words)
    return any(say.script(word) in text for word in words)


def says_place(text: str, relation: str, category: str, language: str) -> bool:
    """Does a sentence say this relation to a thing of the category?"""
    text = _of_others_hidden(text, category, language)
    names = "|".join(re.escape(noun) for noun in nouns(category, language))
    if language == "en":
        words = r"(?:the|a|an|my)\s+(?:[\w-]+\s+){0,3}?"
        relations = {
            "on": r"(?:on|on the \w+ of|on the [\w ]{3,30} of)",
            "in": "in|inside",
            "around": "around|at|next to",
        }
        said = relations.get(relation) or re.escape(RELATIONS_EN[relation])
        return re.search(rf"\b(?:{said})\s+{words}(?:{names})\b", text) is not None
    say = SPEAKERS[language]
    anchor = "\u0001"
    behind = say.script(say.at(relation, anchor)).replace(anchor, "")
    if relation == "on":
        sides = [say.script(say.side_of(side, "")) for side in ("left", "right", "front", "behind")]
        levels = [say.script(level) for level in ("最上層", "最下層", "第二層", "第三層")]
        behind = "|".join([behind, *sides, *levels])
    return re.search(rf"(?:{names})(?:的)?(?:{behind})", text) is not None
