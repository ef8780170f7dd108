"""Write what `r1_model/spelling` knows of the model's words, from what r1-tiny learns from.

`words.txt`: words of English questions, and pairs of words that follow each other (a point: begin
and end), with counts.
`names.txt`: a thing a line: its names in English; Traditional; Simplified Chinese.
A test holds both against the tables of names: run it after changing those.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from r1_training.synthetic.household.words import ABSENT  # noqa: E402
from r1_training.synthetic.language.make import make_samples  # noqa: E402
from r1_training.synthetic.language.words import words_en, words_zh  # noqa: E402
from r1_training.synthetic.language.words.words_absent import UNKNOWN  # noqa: E402
from r1_training.synthetic.room_mix import PRIMITIVES  # noqa: E402

FOLDER = ROOT / "r1_model" / "spelling"
_ROOMS, _SAMPLES = 400, 24
_HAN = re.compile(r"[\u3400-\u9fff]")
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?")
# words that questions have and synthetic ones lack: the other spelling, and what is said around
_BESIDE = """
color colors colored gray center favorite meter meters centimeter centimeters metre metres inch
inches feet foot tall taller tallest high higher highest wide wider widest long longer longest deep
big bigger biggest small smaller smallest large larger largest heavy never without unless except
avoid touch keep leave stay away don't do not what's where's how's who's there's isn't aren't
doesn't didn't can't won't wasn't weren't hasn't haven't shouldn't mustn't couldn't wouldn't it's
i'd i'm you're we're they're kitchen bedroom bathroom living hallway between behind under
underneath above below beside opposite nearest closest farthest else something anything
everything nothing someone anyone
"""
_REQUESTS = """
open close shut move push pull pick grab lift take get fetch bring carry put place set lay drop turn
switch clean wipe mop sweep vacuum wash make go drive walk look find show tell describe count list
"""


def questions() -> Iterator[str]:
    """English questions and requests about rooms, and those that people wrote for benchmarks."""
    for seed in range(_ROOMS):
        room = PRIMITIVES.room(seed, "train")
        rng = np.random.default_rng([seed, 1])
        visible = [thing.id for thing in room.objects]
        for sample in make_samples(room, rng, visible=visible, count=_SAMPLES, split="train"):
            yield from (sample.question, *(question for question, _ in sample.turns))
    for file in sorted((ROOT / "benchmarks" / "requests").glob("*.json")):
        for row in json.loads(file.read_text(encoding="utf-8")):
            yield from (row["text"], *row["earlier"])


def things() -> dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]]:
    """Names of everything that a room may hold: English, Traditional, Simplified."""
    found = {}
    for key, (traditional, _, simplified, _) in words_zh.NOUNS.items():
        found[key] = (words_en.NOUNS[key], traditional, simplified)
    for english, traditional, simplified, _ in (*UNKNOWN, *ABSENT):
        found.setdefault(english, ((english,), (traditional,), (simplified,)))
    for key, (traditional, _, simplified, _) in words_zh.HYPERNYMS.items():
        name = words_en.HYPERNYMS.get(key, key)
        found[f"{key} of any kind"] = ((name,), (traditional,), (simplified,))
    return found


def words_text() -> str:
    """The content of words.txt."""
    words: Counter[str] = Counter(_BESIDE.split())
    pairs: Counter[tuple[str, str]] = Counter()
    for text in questions():
        if _HAN.search(text):
            continue
        row = _WORD.findall(re.sub(r"<obj>.*?</obj>", " ", text.lower()))
        words.update([".", *row])
        pairs.update(zip([".", *row], [*row, "."], strict=True))
    named = Counter(
        word
        for english, _, _ in things().values()
        for name in english
        for word in _WORD.findall(f"{name} {plural(name)}".lower())
    )
    words.update(named)
    pairs.update({(".", word): 3 for word in _REQUESTS.split()})
    lines = [f"{word} {count}" for word, count in sorted(words.items())]
    lines += [f"{a} {b} {count}" for (a, b), count in sorted(pairs.items()) if count > 1]
    return "\n".join(lines) + "\n"


def names_text() -> str:
    """The content of names.txt."""
    rows = ("; ".join("/".join(names) for names in row) for row in things().values())
    return "\n".join(rows) + "\n"


def plural(name: str) -> str:
    """Several of a thing."""
    return words_en.PLURALS.get(name, f"{name}s")


def main() -> None:
    """Write both files."""
    (FOLDER / "words.txt").write_text(words_text(), encoding="utf-8")
    (FOLDER / "names.txt").write_text(names_text(), encoding="utf-8")


if __name__ == "__main__":
    main()
