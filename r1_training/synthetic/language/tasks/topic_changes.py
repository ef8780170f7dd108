"""Conversations that change their topic: what was asked before is not what is asked now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from r1_model.text.tasks import detect_language
from r1_training.synthetic.language.sample import Sample

SHARE = 0.12  # of the questions come after others that have nothing to do with them
FOREIGN = 0.25  # of these come after turns of any language, where they tell their own
_MOST_TURNS = 2


def after_other_topics(
    samples: Sequence[Sample], rng: Random, share: float = SHARE
) -> list[Sample]:
    """Some questions of a room with others of the same room, mostly of their language, before them.

    A model whose later turns all refer back learns to answer about what was spoken of, whatever is
    asked. Regions stay out of the turns before: their boxes belong to one question.

    Args:
        samples: about one room.
        rng: source of every choice.
        share: of the samples that get other turns in front.
    """
    changed = []
    for sample in samples:
        foreign = rng.random() < FOREIGN and detect_language(sample.question) == sample.language
        others = [
            (other.question, other.raw)
            for other in samples
            if other is not sample and (foreign or other.language == sample.language)
            if not (other.turns or other.extra_boxes)
        ]
        if others and rng.random() < share:
            before = rng.sample(others, min(len(others), rng.randint(1, _MOST_TURNS)))
            sample = replace(sample, turns=(*before, *sample.turns))
        changed.append(sample)
    return changed
