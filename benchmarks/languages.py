"""The same questions about the same unseen rooms in each language: does a model lose in Chinese?

`r1 evaluate-rooms` asks each question in one language, so its figures by language are about
different questions. Here a question counts if it has the same task and kind and is about the same
objects in all languages; the differences to English come with their standard errors.

    python benchmarks/languages.py [r1-tiny] [--rooms 48] [--questions 6]
"""

from __future__ import annotations

import argparse
import json
import math
from collections import defaultdict
from pathlib import Path

import numpy as np
import torch

from r1_model.reasoner import Reasoner
from r1_model.text.answer import LANGUAGES
from r1_training.evaluation.room_evaluator import CHUNK, ObservedRoom, ask_all, observe
from r1_training.synthetic.language.make import make_samples
from r1_training.synthetic.language.sample import Sample
from r1_training.synthetic.rooms.room import make_room

FIRST_ROOM = 50_000  # beyond those of evaluate-rooms' seeds


def alike(place: ObservedRoom, number: int) -> list[Sample]:
    """One question in every language; nothing where the languages' forms led to different ones."""
    samples = []
    for language in LANGUAGES:
        rng = np.random.default_rng((place.room.seed, number))
        samples += make_samples(
            place.room, rng, visible=place.visible, count=1, language=language, split="test"
        )
    asked = {(sample.task, sample.kind, frozenset(sample.objects)) for sample in samples}
    return samples if len(samples) == len(LANGUAGES) and len(asked) == 1 else []


def questions_of(
    device: torch.device, rooms: int, questions: int
) -> list[tuple[ObservedRoom, list[Sample]]]:
    """Rooms with a question in every language, in the order of `LANGUAGES`."""
    found = []
    for start in range(FIRST_ROOM, FIRST_ROOM + rooms, CHUNK):
        numbers = range(start, min(start + CHUNK, FIRST_ROOM + rooms))
        observed = observe([make_room(n, "test") for n in numbers], start, device)
        found += [
            (place, alike(place, number)) for place in observed for number in range(questions)
        ]
    return [(place, samples) for place, samples in found if samples]


def difference(rooms: dict[int, list[float]]) -> tuple[float, float]:
    """Mean of the questions' differences and its standard error, the rooms being independent."""
    every = [value for values in rooms.values() for value in values]
    mean = sum(every) / len(every)
    spread = sum((sum(values) - mean * len(values)) ** 2 for values in rooms.values())
    return mean, math.sqrt(spread) / len(every)


def main() -> None:
    """Print the table; the figures go into the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", nargs="?", default="r1-tiny")
    parser.add_argument("--rooms", type=int, default=48)
    parser.add_argument("--questions", type=int, default=6, help="of each room")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--json", type=Path, default=Path("output/languages.json"))
    options = parser.parse_args()
    reasoner = Reasoner.from_pretrained(options.model, device=options.device)
    groups = questions_of(reasoner.device, options.rooms, options.questions)
    asked = ask_all(reasoner, [(place, one) for place, samples in groups for one in samples])
    right = {id(one.sample): bool(one.verdict["correct"]) for one in asked}
    found = defaultdict(lambda: defaultdict(list))  # task -> language -> right or not
    apart = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))  # task, language, room
    for place, samples in groups:
        english, *_ = marks = [right[id(sample)] for sample in samples]
        for task in (samples[0].task, "all"):
            for language, mark in zip(LANGUAGES, marks, strict=True):
                found[task][language].append(mark)
                apart[task][language][place.room.seed].append(mark - english)
    table = {}
    print(f"{'task':16}{'asked':>6}" + "".join(f"{name:>10}" for name in LANGUAGES), end="")
    print("".join(f"{name + ' - en':>20}" for name in LANGUAGES[1:]))
    for task, by_language in sorted(found.items()):
        means = {name: sum(values) / len(values) for name, values in by_language.items()}
        less = {name: difference(apart[task][name]) for name in LANGUAGES[1:]}
        table[task] = {"asked": len(by_language["en"]), "right": means, "less": less}
        row = f"{task:16}{len(by_language['en']):6}"
        row += "".join(f"{means[name]:10.3f}" for name in LANGUAGES)
        print(row + "".join(f"{m:+14.3f} ±{e:.3f}" for m, e in less.values()), flush=True)
    options.json.parent.mkdir(parents=True, exist_ok=True)
    figures = {"model": options.model, "rooms": options.rooms, "questions": options.questions}
    options.json.write_text(json.dumps(figures | {"tasks": table}, indent=1) + "\n")


if __name__ == "__main__":
    main()
