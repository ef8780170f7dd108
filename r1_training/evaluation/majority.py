"""The majority baseline: for every kind of question the answer that is most common in training.

It sees neither the room nor the question, only what kind of question it is, what kind of answer is
asked for (a yes or no, a colour ...) and in which language. Its answers are scored by the same
checks as the model's.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from r1_model.text.grammar import Bounds
from r1_training.evaluation.room_evaluator import Asked
from r1_training.synthetic.language.answer_check import check_answer
from r1_training.synthetic.language.make import make_samples
from r1_training.synthetic.language.sample import Sample, fill_boxes
from r1_training.synthetic.room_mix import PRIMITIVES, RoomMix
from r1_training.synthetic.rooms.elements import Room

Kind = tuple[str, str, str, str]  # task, kind, type of the answer, language
TRAINING_ROOMS = 600
SAMPLES = 24  # of a training room
# the truth of these is ids, which mean nothing in another room
OF_ONE_ROOM = ("grounding", "dense")


def training_samples(
    rooms: int = TRAINING_ROOMS, mix: RoomMix = PRIMITIVES
) -> Iterable[tuple[Room, Sample]]:
    """Questions as training asks them."""
    for seed in range(rooms):
        room = mix.room(seed, "train")
        visible = [thing.id for thing in room.objects]
        rng = np.random.default_rng(seed)
        for sample in make_samples(room, rng, visible=visible, count=SAMPLES, split="train"):
            yield room, sample


def majority_answers(samples: Iterable[tuple[Room, Sample]]) -> dict[Kind, str]:
    """The most common answer of each kind, as the model would say it.

    Where the truth is a value (yes or no, a colour, a number ...), the most common value is chosen
    first, then the most common way to say it. Boxes keep their place within the room.
    """
    said: dict[Kind, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    for room, sample in samples:
        boxes = {thing.id: (thing.center, thing.size) for thing in room.objects}
        text = fill_boxes(sample.raw, {**boxes, **sample.extra_boxes}, room_bounds(room))
        key = sample.answer_key
        value = text if key["type"] in OF_ONE_ROOM else repr(key.get("value", text))
        said[_kind(sample)][value][text] += 1
    return {
        kind: max(values.values(), key=Counter.total).most_common(1)[0][0]
        for kind, values in said.items()
    }


def answered_by_majority(run: Sequence[Asked], answers: dict[Kind, str]) -> list[Asked]:
    """The same questions with the baseline's answers; a kind that training lacks gets none."""
    judged = []
    for asked in run:
        room, text = asked.room, answers.get(_kind(asked.sample), "")
        boxes = {thing.id: (thing.center, thing.size) for thing in room.objects}
        verdict = check_answer(asked.sample, text, boxes, room, room_bounds(room))
        judged.append(replace(asked, answer=replace(asked.answer, raw=text), verdict=verdict))
    return judged


def room_bounds(room: Room) -> Bounds:
    """Minimum and maximum corner of the walls, map frame, metres: what a full scan would see."""
    signs = np.array([(x, y, z) for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (0, 1)])
    corners = signs * room.size @ room.T_map_room[:3, :3].T + room.T_map_room[:3, 3]
    return corners.min(0), corners.max(0)


def _kind(sample: Sample) -> Kind:
    return sample.task, sample.kind, str(sample.answer_key["type"]), sample.language
