"""Text for the tokenizer: everything that is said about many rooms, and every word there is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np

from r1_model.plans.skills import SKILLS
from r1_model.text.answer import LANGUAGES
from r1_training.synthetic.language.context import SPEAKERS
from r1_training.synthetic.language.make import make_samples
from r1_training.synthetic.language.words.words_en import (
    COLORS,
    DETAILS,
    MATERIALS,
    NOUNS,
    ROOMS,
    SHAPES,
)
from r1_training.synthetic.room_mix import PRIMITIVES, RoomMix

_SAMPLES = 24  # of a room
_PLACEHOLDER = re.compile(r"<obj:\d+>")


def corpus(
    n_rooms: int, split: str = "train", workers: int = 0, mix: RoomMix = PRIMITIVES
) -> Iterator[str]:
    """Questions and answers of the first rooms of a split, then all words; boxes are empty tags.

    Args:
        n_rooms: how many rooms; 2,000 say every common sentence.
        split: train, val or test.
        workers: processes that share the rooms; the text is the same for every number.
        mix: where the rooms come from.
    """
    say = partial(_said, split, mix)
    if workers:
        with ProcessPoolExecutor(workers) as pool:
            rooms: Iterable[list[str]] = list(pool.map(say, range(n_rooms), chunksize=32))
    else:
        rooms = map(say, range(n_rooms))
    for texts in rooms:
        yield from texts
    yield from _words()


def _said(split: str, mix: RoomMix, seed: int) -> list[str]:
    room = mix.room(seed, split)
    rng = np.random.default_rng([seed, 1])
    visible = [thing.id for thing in room.objects]
    texts = []
    for sample in make_samples(room, rng, visible=visible, count=_SAMPLES, split=split):
        text = [f"{question}\n{raw}" for question, raw in sample.turns]
        text += [sample.question, sample.raw]
        texts.append(_PLACEHOLDER.sub("<obj></obj>", "\n".join(text)))
    return texts


def _words() -> Iterator[str]:
    """Every name, so that rare ones are tokens too; a few times, to count."""
    for language in LANGUAGES:
        say = SPEAKERS[language]
        words = [say.noun(category, index) for category in NOUNS for index in (0, 1)]
        words += [say.color(color) for color in COLORS]
        words += [say.material(material) for material in MATERIALS]
        words += [say.room(room) for room in ROOMS] + [say.shape(shape) for shape in SHAPES]
        words += [say.detail(shape) for shape in DETAILS]
        for _ in range(20):
            yield "\n".join(say.script(word) for word in words)
    for _ in range(20):
        yield "\n".join(f"{name}(" for name in SKILLS)
