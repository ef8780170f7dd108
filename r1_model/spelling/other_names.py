"""Other names of things: "the settee" is the sofa, 爐子 the 瓦斯爐; also the other side's words.

A name is taken whole, the longest first, and only where the model does not know it in the script of
the text: what stands in names.txt stays as it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from r1_model.spelling.vocabulary import FOLDER, names_file
from r1_model.text.chinese import simplified
from r1_model.text.tasks import detect_language

_FEWEST = 2  # characters of a Chinese name that is replaced: single ones are parts of other words


@dataclass(frozen=True)
class _Names:
    """What replaces a name, by its small or Simplified form; itself where it is known."""

    english: dict[str, str]
    traditional: dict[str, str]
    simplified: dict[str, str]
    longest: int


def with_known_names(text: str) -> str:
    """A text with names that the model knows in the place of others."""
    language = detect_language(text)
    names = _names()
    if language == "en":
        return _english_pattern().sub(lambda found: _english(found[0], names.english), text)
    table = names.traditional if language == "zh-Hant" else names.simplified
    return _chinese(text, table, names.longest)


def _english(found: str, table: dict[str, str]) -> str:
    small = " ".join(found.lower().split())
    known = table.get(small)
    if known is None:
        single = next(name for end in ("s", "es") if (name := small.removesuffix(end)) in table)
        known = plural_of(table[single])
    if known.lower() == small:
        return found
    return known[0].upper() + known[1:] if found[0].isupper() else known


def plural_of(name: str) -> str:
    """Several of a thing, for names that are said in questions."""
    return f"{name}es" if name.endswith(("s", "x", "ch", "sh")) else f"{name}s"


def _chinese(text: str, table: dict[str, str], longest: int) -> str:
    plain = simplified(text)
    out, place = [], 0
    while place < len(text):
        for length in range(min(longest, len(text) - place), 0, -1):
            known = table.get(plain[place : place + length])
            if known is not None:
                # the user's own characters stay where they name the same
                own = text[place : place + length]
                out.append(own if simplified(known) == plain[place : place + length] else known)
                place += length
                break
        else:
            out.append(text[place])
            place += 1
    return "".join(out)


@cache
def _names() -> _Names:
    english: dict[str, str] = {}
    chinese: dict[str, dict[str, str]] = {"zh-Hant": {}, "zh-Hans": {}}
    first: dict[str, tuple[str, str]] = {}  # English name -> Traditional and Simplified one
    rows = [[part.strip().split("/") for part in line.split(";")] for line in names_file()]
    for names, traditional, simple in rows:
        english |= {name.lower(): name for name in names}
        chinese["zh-Hant"] |= {simplified(name): name for name in traditional}
        chinese["zh-Hans"] |= {simplified(name): name for name in simple}
        for name in names:
            first.setdefault(name.lower(), (traditional[0], simple[0]))
    for _, traditional, simple in rows:  # the words of the other side of the strait
        _add(chinese["zh-Hant"], simple, traditional[0])
        _add(chinese["zh-Hans"], traditional, simple[0])
    for line in (FOLDER / "other_names.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        known, more, more_chinese = (part.strip() for part in line.split(";"))
        for name in more.split("/"):
            english.setdefault(name.lower(), known)
        traditional_name, simple_name = first[known.lower()]
        _add(chinese["zh-Hant"], more_chinese.split("/"), traditional_name)
        _add(chinese["zh-Hans"], more_chinese.split("/"), simple_name)
    longest = max(len(name) for table in chinese.values() for name in table)
    return _Names(english, chinese["zh-Hant"], chinese["zh-Hans"], longest)


def _add(table: dict[str, str], names: list[str], known: str) -> None:
    for name in names:
        if len(name) >= _FEWEST:
            table.setdefault(simplified(name), known)


@cache
def _english_pattern() -> re.Pattern[str]:
    """Any name, the longest first, so that a known one that holds another is taken whole."""
    names = sorted(_names().english, key=len, reverse=True)
    every = "|".join(r"\s+".join(map(re.escape, name.split())) for name in names)
    return re.compile(rf"(?<![\w-])(?:{every})(?:e?s)?(?![\w-])", re.I)
