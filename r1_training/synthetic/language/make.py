"""`make_samples`: questions of all seven tasks about one room."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from random import Random

import numpy as np

from r1_model.text.answer import LANGUAGES, TASKS
from r1_model.text.tasks import detect_language
from r1_training.synthetic.language.context import SPEAKERS, Asking
from r1_training.synthetic.language.facts import Facts, too_small
from r1_training.synthetic.language.qa import short_answers
from r1_training.synthetic.language.sample import Sample
from r1_training.synthetic.language.tasks import (
    captions,
    dialogue,
    grounding,
    plan_requests,
    reasoning,
)
from r1_training.synthetic.rooms.elements import Room

Maker = Callable[[Asking], Sample | None]
MAKERS: dict[str, Maker] = {
    "qa": short_answers.make,
    "grounding": grounding.make,
    "object_caption": captions.make,
    "dense_caption": captions.dense,
    "dialogue": dialogue.make,
    "reasoning": reasoning.make,
    "planning": plan_requests.make,
}
# share of the samples, where a room offers the task; evaluation asks so
WEIGHTS: dict[str, float] = {
    "qa": 0.29,
    "grounding": 0.30,
    "object_caption": 0.10,
    "dense_caption": 0.03,
    "dialogue": 0.12,
    "reasoning": 0.08,
    "planning": 0.10,
}
# The same for training: finding things, and what is between them, is learnt most slowly, while
# answers of many words take most of the room in a sequence.
TRAINING_WEIGHTS: dict[str, float] = {
    "qa": 0.29,
    "grounding": 0.36,
    "object_caption": 0.085,
    "dense_caption": 0.025,
    "dialogue": 0.095,
    "reasoning": 0.065,
    "planning": 0.08,
}
_TRIES = 12

# what nobody says of several rooms
_ONE_ROOM = ("this room", "the room", "這個房間", "这个房间", "這間", "这间")


def make_samples(
    room: Room,
    rng: np.random.Generator,
    *,
    visible: Collection[int],
    count: int,
    language: str | None = None,
    split: str = "train",
    tasks: Sequence[str] | None = None,
    weights: Mapping[str, float] = WEIGHTS,
    readable: Mapping[int, bool] | None = None,
    topped: Mapping[int, bool] | None = None,
) -> list[Sample]:
    """Questions about a room that can be answered from what was seen.

    Args:
        room: with exact annotations.
        rng: source of every choice; equal arguments give equal samples.
        visible: ids of the objects that were seen; only they are asked about.
        count: how many; fewer come back where the room offers fewer.
        language: one of `answer.LANGUAGES`; None draws one for each sample, and dialogues of
            training and validation may change theirs.
        split: train, val or test; test uses wordings that training never sees.
        tasks: some of `answer.TASKS`, all by default.
        weights: task -> its share of the samples, where a room offers it.
        readable: as in `Facts`; None where the views are not known yet: then what a sample needs of
            them is in its `reads` and `unread`.
        topped: as in `Facts`; None where the cloud is not known yet: `tops` and `no_tops`.

    Raises:
        ValueError: unknown language, split or task.
    """
    if language is not None and language not in LANGUAGES:
        raise ValueError(f"language must be one of {LANGUAGES}, got {language!r}")
    if split not in ("train", "val", "test"):
        raise ValueError(f"split must be train, val or test, got {split!r}")
    tasks = tuple(tasks or MAKERS)
    if unknown := set(tasks) - set(TASKS):
        raise ValueError(f"unknown tasks {sorted(unknown)}")
    if not visible:
        return []
    random = Random(int(rng.integers(2**62)))
    facts = Facts(room, visible, readable, topped)
    shares = [weights[task] * _boost(facts, task) for task in tasks]
    mixed = language is None and split != "test"  # the test set stays what it was
    samples: list[Sample] = []
    seen: set[tuple[str, str]] = set()
    for _ in range(count):
        for attempt in range(_TRIES):
            if attempt % 4 == 0:  # give a rare task some chances before another takes its place
                [task] = random.choices(tasks, shares)
            spoken = language or random.choice(LANGUAGES)
            sample = MAKERS[task](Asking(facts, random, SPEAKERS[spoken], split, mixed))
            if sample is None or (sample.question, sample.answer) in seen:
                continue
            if facts.several and any(words in sample.question for words in _ONE_ROOM):
                continue
            if facts.several and _lost(room, sample):
                continue
            if spoken == "zh-Hans" and not _shows_script(sample):
                continue
            seen.add((sample.question, sample.answer))
            samples.append(sample)
            break
    return samples


def _boost(facts: Facts, task: str) -> float:
    """Rooms that offer something rare are asked about it more often."""
    if task == "planning" and plan_requests.offers_coffee(facts):
        return 4.0
    if task == "reasoning" and reasoning.reading_in_bed(facts):
        return 2.0
    return 1.0


def _lost(room: Room, sample: Sample) -> bool:
    """Is the box that is asked for too small for a map as large as this?"""
    key = sample.answer_key
    if key["type"] != "grounding":
        return False
    ids = [id for id in key["value"] if id <= len(room.objects)]
    return any(too_small(room, room.object(id)) for id in ids)


def _shows_script(sample: Sample) -> bool:
    """Can one tell from what was said so far that the answer shall be in Simplified Chinese?"""
    said = "".join(question for question, _ in sample.turns) + sample.question
    return detect_language(said) == "zh-Hans"
