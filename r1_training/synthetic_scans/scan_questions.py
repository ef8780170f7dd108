"""What is asked about one scan, in words without boxes and with the scan's own object ids."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from r1_model.text.grammar import Bounds
from r1_training.engine.filters import parse_reply
from r1_training.synthetic.language.make import make_samples
from r1_training.synthetic.language.sample import PLACEHOLDER, Sample, fill_boxes
from r1_training.synthetic.rooms.elements import Room, RoomObject

NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
TASKS = (
    "qa",
    "grounding",
    "object_caption",
    "dialogue",
    "reasoning",
    "planning",
    "dense_caption",
)
_WORDS = frozenset({"colour", "room", "which", "shape", "material"})
_BOX = re.compile(rf"\s*{PLACEHOLDER.pattern}")
_PLACE = re.compile(r"The .*? is (.+)\.")
_STEP = re.compile(r"\d+\. \w+\(.*?\): (.+)")


@dataclass(frozen=True)
class AskedScan:
    """A scan of a room and what can be asked about it.

    Attributes:
        scene_id: e.g. `scene0000_00`.
        split: ScanNet's.
        room: what was scanned.
        object_ids: object id of the aggregation file by the room's id; what was seen alone.
        boxes: (centre, size) by the room's id, metres, aligned frame, as `r1 prepare scannet` finds
            them.
        bounds: of the prepared cloud; boxes in texts are relative to them.
        T_scan_aligned: (4, 4); identity where the scan has no alignment.
        questions: samples a task.
    """

    scene_id: str
    split: str
    room: Room
    object_ids: Mapping[int, int]
    boxes: Mapping[int, tuple[np.ndarray, np.ndarray]]
    bounds: Bounds
    T_scan_aligned: np.ndarray
    questions: int

    @cached_property
    def samples(self) -> dict[str, list[Sample]]:
        """English questions by task; those about regions, which are no objects, are left out."""
        rng = np.random.default_rng([self.room.seed, 7])
        return {
            task: [
                sample
                for sample in make_samples(
                    self.room,
                    rng,
                    visible=list(self.object_ids),
                    count=self.questions,
                    language="en",
                    split=self.split,
                    tasks=[task],
                )
                if not sample.extra_boxes and self._seen(sample)
            ]
            for task in TASKS
        }

    def named(self, ids: tuple[int, ...]) -> list[tuple[int, str]]:
        """Object id and name of the objects with these ids of the room."""
        return [(self.object_ids[id], self.room.object(id).category) for id in ids]

    def alike(self, item: RoomObject) -> list[RoomObject]:
        """The seen objects of its category, itself among them, in order of their ids."""
        return [
            other
            for other in self.room.objects
            if other.id in self.object_ids and other.category == item.category
        ]

    def filled(self, text: str) -> str:
        """A text with its boxes in numbers."""
        return fill_boxes(text, self.boxes, self.bounds)

    def _seen(self, sample: Sample) -> bool:
        said = " ".join((*(raw for _, raw in sample.turns), sample.think, sample.answer))
        named = {int(id) for id in PLACEHOLDER.findall(f"{said} {sample.question}")}
        return {*named, *sample.objects} <= self.object_ids.keys()


def plain(text: str) -> str:
    """A text without its boxes."""
    return " ".join(_BOX.sub("", text).split())


def short_answers(sample: Sample) -> list[str]:
    """ScanQA's kind of answers: a few words where there are some, and the sentence."""
    sentence = plain(sample.answer)
    kind, value = sample.answer_key["type"], sample.answer_key["value"]
    short = sentence
    if kind == "yes_no":
        short = "yes" if value else "no"
    elif kind == "count" and value < len(NUMBERS):
        short = NUMBERS[value]
    elif kind == "state":
        short = value[1]
    elif kind in _WORDS:
        short = value
    elif kind == "location" and (found := _PLACE.fullmatch(sentence)):
        short = found[1]
    return list(dict.fromkeys((short, sentence)))


def spoken(raw: str) -> str:
    """What is said in a raw answer, without its thought and boxes."""
    reply = parse_reply(raw)
    return plain(reply.answer if reply else raw)


def steps(answer: str) -> list[str]:
    """The steps of a plan as sentences, in lower case without their stop; none where it is none."""
    found = (_STEP.fullmatch(plain(line)) for line in answer.splitlines())
    return [step[1].rstrip(".").lower() for step in found if step]
