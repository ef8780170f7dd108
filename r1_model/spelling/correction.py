"""Typing errors in English questions: "wat colr is teh frige" is "what color is the fridge".

Only words that are in no vocabulary change, into words of questions or, where that explains the
error better, into other English ones. Names (capitals, digits, marks within), boxes and other
languages stay. What is likely is told by the error (letters swapped, left out, doubled, beside each
other on the keyboard), by how often the word is asked with, and by its neighbours.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache, partial

from rapidfuzz import process
from rapidfuzz.distance import OSA

from r1_model.spelling.vocabulary import english, vocabulary

_TOKEN = re.compile(r"[A-Za-z]+(?:'[A-Za-z]+)?")
_PART_OF_NAME = re.compile(r"[\w@#/\\_-]")
_NUMBER_ENDS = re.compile(r"\d\s?$")
_SENTENCE_ENDS = re.compile(r"(?:^|[.?!:;])\s*$")
# what is typed without its apostrophe, and what is typed short
_SHORT = {
    **{f"{word}s": f"{word}'s" for word in ("what", "where", "how", "who", "there", "that")},
    **{"whats": "what's", "wats": "what's", "u": "you", "r": "are", "ur": "your"},
    **{
        "pls": "please",
        "plz": "please",
        "plese": "please",
        "pleas": "please",
        "im": "I'm",
        "dnt": "don't",
    },
    **{
        f"{word}nt": f"{word}n't"
        for word in (
            *("do", "does", "did", "is", "are", "was", "have", "has"),
            *("ca", "could", "would", "should", "must", "need"),
        )
    },
}
# real words that no sentence means
_NEVER_MEANT = (
    (re.compile(r"\b(?:were|wear)(?= (?:is|are)\b)", re.I), "where"),
    (
        re.compile(
            r"(?:(?<=^turn )|(?<=^switch )|(?<=please turn )|(?<=please switch ))"
            r"of(?= (?:the|it|that|all)\b)",
            re.I,
        ),
        "off",
    ),
    (
        re.compile(r"(?:(?<=\bis )|(?<=\bare ))their(?= (?:a|an|any|some|no)\b|\W*$)", re.I),
        "there",
    ),
)
_QUESTION_WORDS = """
what where which who how when why is are was does do did can could the a an of in on at to from with
and or many much there this that it you me please any not no for
"""
# a request that forbids has them, and its questions do not
_DENYING = frozenset({"without", "never", "except", "don't", "leave"})
_SMALL = frozenset(_QUESTION_WORDS.split())
_MOST_UNKNOWN = 12  # in one text: more is no English that somebody mistyped
_LONGEST = 24  # letters of a word
_TWO_ERRORS_FROM = 6  # letters on
_RARE = 1_000  # so rare in English that another word may be meant
_STRANGE = 60  # so rare that it mostly is an error: the dictionary's are counted in subtitles
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_VOWELS = "aeiou"
_MOST_COST = 3.6
_NO_WORD = 0.02  # how likely one is to follow
_WELL_KNOWN = 40  # a word of questions is so much likelier than one of English
_JOINED_FROM = 7  # letters of a name that was typed as two words


def corrected(text: str) -> str:
    """English without typing errors; everything else as it is."""
    return _corrected_once(_corrected_once(text))  # a neighbour that is right now may tell more


def _corrected_once(text: str) -> str:
    for pattern, meant in _NEVER_MEANT:
        text = pattern.sub(partial(_instead, meant), text)
    text = _joined_names(text)
    tokens = list(_TOKEN.finditer(text))
    shouted = text.upper() == text
    strange = [_may_be_wrong(text, token, shouted) for token in tokens]
    if sum(strange) > _MOST_UNKNOWN:
        return text
    words = [token[0].lower() for token in tokens]
    out, end = [], 0
    for place, token in enumerate(tokens):
        out.append(text[end : token.start()])
        end = token.end()
        word = token[0]
        if strange[place]:
            mended = _meant(words, place)
            words[place] = mended.split()[-1].lower()
            word = _cased(mended, word)
        out.append(word)
    return "".join([*out, text[end:]])


def _may_be_wrong(text: str, token: re.Match[str], shouted: bool) -> bool:
    """Whether a word may be a typing error at all."""
    before, after = text[: token.start()], text[token.end() : token.end() + 1]
    word = token[0]
    if len(word) > _LONGEST or _PART_OF_NAME.match(after or " "):
        return False
    if _NUMBER_ENDS.search(before):
        return False  # a unit: "6 ft"
    if before and _PART_OF_NAME.match(before[-1]):
        return False
    starts = _SENTENCE_ENDS.search(before) is not None
    if word != word.lower() and not shouted and not (starts and word[1:] == word[1:].lower()):
        return False
    small = word.lower()
    if small in vocabulary().words:
        return False
    if small in _SHORT:
        return True
    return small not in english() or english().word_frequency[small] < _RARE


def _rarely_meant(word: str, before: str, after: str) -> list[str]:
    """What a rare word of English may be an error for: "wat" in front, "dinning" before a table."""
    known = vocabulary()
    found = []
    for other in _close(word, 1):
        whole = sorted(other) == sorted(word) or len(other) > len(word)
        doubled = len(other) < len(word) and _undoubled(word) == _undoubled(other)
        if not (whole or doubled):
            continue
        named = other in known.things
        strange = named and len(word) > 3 and english().word_frequency[word] <= _STRANGE
        in_name = named and ((before, other) in known.phrases or (other, after) in known.phrases)
        if strange or in_name or (whole and before == "." and other in _SMALL):
            found.append(other)
    return found


def _undoubled(word: str) -> str:
    return re.sub(r"(.)\1", r"\1", word)


def _meant(words: Sequence[str], place: int) -> str:
    """The word, or two, that was meant; the word itself where none is likely."""
    word = words[place]
    if word in _SHORT:
        return _SHORT[word]
    before = words[place - 1] if place else "."
    after = words[place + 1] if place + 1 < len(words) else "."
    known = word in english()
    candidates = _rarely_meant(word, before, after) if known else list(_candidates(word))
    best, cost = word, _MOST_COST
    for other in dict.fromkeys(candidates):
        total = _error_cost(word, other.replace("'", "")) + _surprise(other, before, after)
        if total < cost:
            best, cost = other, total
    if best == word and not known:
        return _apart(word) or word
    return best


def _candidates(word: str) -> Iterator[str]:
    yield from _close(word, 1)
    if OSA.distance(word, "dont") == 1:
        yield "don't"
    if len(word) < 3:
        return
    yield from english().known(english().edit_distance_1(word))
    if len(word) >= _TWO_ERRORS_FROM:
        for other in _close(word, 2):
            if other[0] == word[0] and abs(len(other) - len(word)) < 2:  # a roomba is no room
                yield other


@lru_cache(maxsize=4096)
def _close(word: str, distance: int) -> tuple[str, ...]:
    """Words of questions within so many errors; short ones only of the smallest words."""
    choices = list(vocabulary().words) if len(word) > 2 else sorted(_SMALL)
    rows = process.extract(word, choices, scorer=OSA.distance, score_cutoff=distance, limit=40)
    found = (other for other, _, _ in rows)
    return tuple(other for other in found if len(other) > 1 and "'" not in other)


def _surprise(word: str, before: str, after: str) -> float:
    """How unlikely a word is between two others; small where it stands there in questions."""
    if word in _DENYING:
        return -0.16 * math.log(_NO_WORD**2)
    # what comes next may be an error itself, or a name
    known = after in vocabulary().words or english()[after] >= _RARE
    likely = _follows(before, word) * (_follows(word, after) if known else _NO_WORD)
    return -0.16 * math.log(likely)


def _follows(word: str, after: str) -> float:
    """How likely it is that `after` comes next."""
    known = vocabulary()
    seen = known.pairs.get((word, after), 0) / max(1, known.words.get(word, 0))
    general = english().word_frequency[after] if after in english() else 0
    # shares of a text: questions have 30,000 words, the dictionary's subtitles 740 million
    alone = known.words.get(after, 0) / 3e4 + general / 7.4e8 / _WELL_KNOWN
    return 0.7 * min(1.0, seen) + 0.3 * alone + 1e-12


def _error_cost(typed: str, meant: str) -> float:
    """What it takes to mistype a word, by the kinds of its errors."""
    rows = len(typed) + 1, len(meant) + 1
    cost = [[0.0] * rows[1] for _ in range(rows[0])]
    for i in range(rows[0]):
        for j in range(rows[1]):
            if i == j == 0:
                continue
            ways = []
            if i:
                doubled = i > 1 and typed[i - 1] == typed[i - 2]
                ways.append(cost[i - 1][j] + (0.5 if doubled else 1.1))
            if j:
                doubled = j > 1 and meant[j - 1] == meant[j - 2]
                vowel = meant[j - 1] in _VOWELS
                ways.append(cost[i][j - 1] + (0.5 if doubled else 0.6 if vowel else 0.7))
            if i and j:
                a, b = typed[i - 1], meant[j - 1]
                ways.append(cost[i - 1][j - 1] + _substitution(a, b))
            if i > 1 and j > 1 and typed[i - 2 : i] == meant[j - 2 : j][::-1]:
                ways.append(cost[i - 2][j - 2] + 0.5)
            cost[i][j] = min(ways)
    first = 0.4 if typed[0] != meant[0] else 0.0
    return cost[-1][-1] + first


def _substitution(a: str, b: str) -> float:
    if a == b:
        return 0.0
    if a in _VOWELS and b in _VOWELS:
        return 0.7
    for row in _ROWS:
        if a in row and b in row and abs(row.index(a) - row.index(b)) == 1:
            return 0.8
    return 1.0


def _apart(word: str) -> str:
    """ "howmany" is "how many"; empty where it is not two words that follow each other."""
    pairs = vocabulary().pairs
    found = [(word[:cut], word[cut:]) for cut in range(2, len(word) - 1)]
    known = [(pairs[pair], pair) for pair in found if pair in pairs]
    return " ".join(max(known)[1]) if known else ""


def _joined_names(text: str) -> str:
    """ "arm chair" is an armchair, where nobody names a thing by the two words."""
    known = vocabulary()
    tokens = list(_TOKEN.finditer(text))
    for first, second in reversed(list(zip(tokens, tokens[1:], strict=False))):
        together = (first[0] + second[0]).lower()
        single = together.removesuffix("s") if together not in known.things else together
        apart = text[first.end() : second.start()]
        pair = (first[0].lower(), second[0].lower())
        named = apart == " " and len(single) >= _JOINED_FROM and single in known.things
        if named and pair not in known.pairs:
            text = text[: first.end()] + text[second.start() :]
    return text


def _instead(word: str, found: re.Match[str]) -> str:
    return _cased(word, found[0])


def _cased(word: str, like: str) -> str:
    if len(like) > 1 and like.isupper():
        return word.upper()
    return word[0].upper() + word[1:] if like[0].isupper() else word
