"""Is a text in a language that is understood: English or Chinese?

A text of another script is not. A text in Latin letters is not where it holds more of the commonest
words of another language than of English ones, or where half of its words are in no English
dictionary, also when typing errors are mended. Names of things, of two words or fewer, are never
refused: "papasan stool". `benchmarks/real_questions.py` counts both kinds of error.
"""

from __future__ import annotations

import re
import unicodedata

from r1_model.spelling.correction import corrected
from r1_model.spelling.vocabulary import english, vocabulary

ONLY = "I understand English and Chinese only. 我只懂英文和中文。"

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_KANA = re.compile(r"[\u3041-\u30fa\u30fd-\u30ff]")
_OURS = ("LATIN", "CJK", "BOPOMOFO", "FULLWIDTH", "HALFWIDTH", "IDEOGRAPHIC", "MODIFIER")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ENGLISH = _words(
    "a an the is are was were be do does did has have had can could will would should may of in on "
    "at to from for with by near under over next behind between and or not no what which where who "
    "why when how many much it this that these those there here i you we they me my your our his "
    "her please any some all colour color find show tell go open close put bring take turn"
)
# function words that English has not, language by language
_OTHERS = _words(
    # French
    "le la les des un une du au aux est sont dans sur sous avec pour qui que quoi quel quelle où "
    "combien je tu il elle nous vous ils y de et pas ne ouvre ferme moi mets "
    # Spanish, Portuguese
    "el los las del qué cuál cuántas cuántos cuantas cuantos dónde donde hay esta está están color "
    "cómo por para con sin una es en y mi abre cierra onde quantas quantos há tem cor qual são da "
    "dos das em um uma não é o os as "
    # Italian
    "gli il lo di che quante quanti dove sono sul sulla nella nel colore qual chi c'è ci per apri "
    # German
    "der die das den dem ein eine einen ist sind wie viele gibt es wo welche welcher was auf unter "
    "neben mit und nicht ich du wir im bitte öffne farbe hat steht "
    # Dutch, Swedish, Danish, Norwegian
    "het een hoeveel zijn er waar welke kleur staat van op naast niet hur många finns det var är "
    "vilken färg på och hvor mange er der hvilken farve ikke et den som hva hvilket "
    # Polish, Czech, Croatian, Romanian, Hungarian
    "ile jest są gdzie jaki jaka jakie na pod w kolik je kde jaká jaké gdje koliko koje boje câte "
    "sunt unde este ce culoare hány van hol milyen színű az "
    # Turkish, Finnish, Indonesian, Vietnamese
    "kaç var nerede ne renk hangi bir kuinka monta on missä mikä minkä ada berapa di mana apa "
    "warna yang có bao nhiêu ở đâu màu gì cái"
) - {"a", "on", "was", "var", "den", "et"}
# words of other languages as well: they do not make a text English
_SHARED = _words("is in on me do of to for at an a my go can was i we over under all show has")
_FOREIGN_NEEDED = 2  # of them, unless it has letters that English has not
_HAN = re.compile(r"[\u3400-\u9fff]")
_BORROWED = frozenset("éèêëàâäöüïîôûçñåøæœóáíúß")  # in names of things: café, crème brûlée, Poäng
_FEWEST = 3  # words of a text without letters that no name has
_RARE = 200  # counts of the dictionary's subtitles: what is rarer there is mostly not English


def understood(text: str) -> bool:
    """False where a text is in another language than English and Chinese."""
    text = unicodedata.normalize("NFKC", text)  # full-width letters are letters
    if len(_KANA.findall(text)) >= 2:
        return False  # Japanese, whatever characters stand between
    letters = [c for c in text if c.isalpha()]
    if not letters:
        return True
    strange = sum(not unicodedata.name(c, "CJK").startswith(_OURS) for c in letters)
    if strange * 2 > len(letters):
        return False
    words = [word.lower() for word in _WORD.findall(text)]
    other = sum(word in _OTHERS and word not in _ENGLISH for word in words)
    own = sum(word in _ENGLISH for word in words)
    accents = any(ord(c) > 127 and unicodedata.name(c, "").startswith("LATIN") for c in text)
    if other > own and (other >= _FOREIGN_NEEDED or accents):
        return False
    return not (_strange_words(text) and _strange_words(corrected(text)))


def _strange_words(text: str) -> bool:
    """Whether half of a text's words, two at least, are in no English dictionary."""
    if _HAN.search(text):
        return False
    words = [word.lower() for word in _WORD.findall(text)]
    strange = [word for word in words if not _is_english(word)]
    sure = any(word in _ENGLISH and word not in _SHARED for word in words)
    if 2 * len(strange) < len(words) + sure or not strange:
        return False
    if any(ord(c) > 127 and c not in _BORROWED for word in strange for c in word):
        return True
    return len(words) >= _FEWEST and len(strange) >= _FOREIGN_NEEDED


def _is_english(word: str) -> bool:
    stem = word.replace("’", "'").split("'")[0]
    if stem in _ENGLISH or stem in vocabulary().words or word in vocabulary().words:
        return True
    return english().word_frequency[stem] >= _RARE


def in_language(text: str, language: str) -> bool:
    """Whether an answer is written in the language of its question; names and numbers alone are.

    Args:
        text: of the answer, for people.
        language: one of `answer.LANGUAGES`.
    """
    han = sum("\u3400" <= c <= "\u9fff" for c in text)
    words = [word for word in _WORD.findall(text) if word.isascii()]
    if language == "en":
        return not han
    latin = [word for word in words if not word.isupper()]  # TV, USB
    return len(latin) <= han
