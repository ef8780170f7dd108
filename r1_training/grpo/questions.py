"""Which rooms and questions a batch of answers is about, and how the answers are judged."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from random import Random

import numpy as np
import torch
from torch import Tensor

from r1_model.network.continuations import Prefix
from r1_model.network.modeling import R1Model
from r1_model.text.answer import Box
from r1_model.text.grammar import Bounds
from r1_training.common.present import present
from r1_training.grpo.config import GRPORunConfig
from r1_training.rewards.judge import Judged, judge
from r1_training.synthetic.language.frames import in_frame
from r1_training.synthetic.language.make import TRAINING_WEIGHTS, make_samples
from r1_training.synthetic.language.sample import Sample
from r1_training.synthetic.language.tasks.topic_changes import after_other_topics
from r1_training.synthetic.rooms.elements import Room
from r1_training.synthetic.rooms.room import make_room
from r1_training.tiny.room_prompts import EncodedRoom, RoomPrompts

FIRST_FRAME = 1_000_000  # frames of the map that SFT does not come to
JUDGED_TOGETHER = 3  # questions about a room that a process judges in one go


@dataclass(frozen=True)
class Prompts:
    """Q questions about R rooms, on the device.

    Attributes:
        asked: each question with its room.
        ids, mask: (Q, L), padding on the left.
        positions: (3, Q, L).
        scene: (R, T, hidden) scene tokens.
        views: (R, I, hidden) image tokens, places added.
        room: (Q,) index of each question's room.
        opening, opening_positions: (P,) and (3, P), the tokens of scene and views that all begin
            with.
        fair: (Q,) bool; False for a stand-in in a room of which too little was seen to ask.
    """

    asked: list[tuple[EncodedRoom, Sample]]
    ids: Tensor
    mask: Tensor
    positions: Tensor
    scene: Tensor
    views: Tensor
    room: Tensor
    opening: Tensor
    opening_positions: Tensor
    fair: Tensor

    def embed(self, backbone: R1Model) -> Tensor:
        """(Q, L, hidden) with scene and views in their places."""
        return backbone.embed(self.ids, self.scene[self.room], self.views[self.room].flatten(0, 1))

    @property
    def scored(self) -> tuple[Tensor, Tensor, Tensor]:
        """ids, mask and positions of what is read for each answer anew: the last token."""
        return self.ids[:, -1:], self.mask[:, -1:], self.positions[:, :, -1:]

    def shown(self, rows: Tensor) -> dict[str, object]:
        """What the backbone sees with the questions `rows` (B,), by name of its arguments."""
        between = slice(len(self.opening), -1)
        # a short question still has the end of the opening here, in place of its padding
        padding = self.ids.shape[1] - self.mask.sum(1, keepdim=True)
        asked = self.ids[:, between]
        prefix = Prefix(
            self.opening,
            self.opening_positions,
            self.room,
            asked,
            (torch.arange(asked.shape[1], device=asked.device) >= padding).long(),
            self.positions[:, :, between],
            rows,
        )
        return {"scene": self.scene, "views": self.views, "prefix": prefix}


def make_visit(config: GRPORunConfig, visit: int) -> tuple[Room, list[Sample]]:
    """The room of a visit and every question made for it; both follow from the number alone.

    Each pass over the rooms has an order of its own; a room's questions are always the same, and
    those that SFT asks in it.
    """
    epoch, place = divmod(visit, config.all_rooms)
    number = config.first_room + int(_order(config, epoch)[place])
    room = make_room(number, "train")
    samples = make_samples(
        room,
        np.random.default_rng(room.seed),
        visible=[thing.id for thing in room.objects],
        count=config.made_questions,
        split="train",
        weights=TRAINING_WEIGHTS,
    )
    asked = after_other_topics(samples, Random(room.seed))
    if config.new_frames:
        frame = FIRST_FRAME + (epoch % config.scans if config.scans else epoch)
        room = make_room(number, "train", frame=frame)
        asked = in_frame(asked, room)
    return room, [sample for sample in asked if sample.task in config.tasks]


def choose(
    samples: Sequence[Sample], visible: Sequence[int], count: int, rng: np.random.Generator
) -> tuple[list[Sample], bool]:
    """`count` of the questions that can be answered from what was seen, and whether there are any.

    Where there are fewer, they come again; where there is none, others stand in.
    """
    seen = set(visible)
    fair = [s for s in samples if seen.issuperset(set(s.objects) - set(s.extra_boxes))]
    source = fair or list(samples)
    order = rng.permutation(len(source))
    return [source[order[index % len(source)]] for index in range(count)], bool(fair)


class RoomQuestions:
    """Makes prompts from their numbers, ahead of time in other processes, and judges answers.

    Args:
        config: of the run.
        maker: with the policy; its scene branch and views are frozen.
        pool: of processes; None: all is done here and now.
    """

    def __init__(
        self, config: GRPORunConfig, maker: RoomPrompts, pool: Executor | None = None
    ) -> None:
        self.config, self.maker, self.pool = config, maker, pool
        self._made: OrderedDict[int, Future[tuple[Room, list[Sample]]]] = OrderedDict()
        self._kept: dict[tuple[int, int], tuple[EncodedRoom, list[Sample]]] = {}
        self._sequences: dict[tuple[int, int], list[int]] = {}
        self._visits: list[int] = []  # of the last prompts
        self._ahead: tuple[list[int], list[tuple[EncodedRoom, list[Sample]]]] = [], []

    def prompts(self, numbers: Sequence[int]) -> Prompts:
        """The questions of these numbers: whole visits, `config.questions` of each."""
        visits = list(dict.fromkeys(number // self.config.questions for number in numbers))
        ahead, seen = self._ahead
        if ahead != visits:
            seen = self._visited(visits)
        self._visits, self._ahead = visits, ([], [])
        asked, fair = [], []
        for visit, (place, samples) in zip(visits, seen, strict=True):
            rng = np.random.default_rng((self.config.seed, visit))
            chosen, any_fair = choose(samples, place.visible, self.config.questions, rng)
            asked += [(place, sample) for sample in chosen]
            fair += [any_fair] * len(chosen)
        ids, mask, positions = self.maker.padded([self._sequence(*one) for one in asked])
        device = ids.device
        # copies, outside of inference mode: a backward pass may keep them
        return Prompts(
            asked=asked,
            ids=ids,
            mask=mask,
            positions=positions,
            scene=torch.stack([place.scene for place, _ in seen]).clone(),
            views=torch.stack([place.views for place, _ in seen]).clone(),
            room=torch.arange(len(visits), device=device).repeat_interleave(self.config.questions),
            opening=torch.tensor(self.maker.prefix.ids, device=device),
            opening_positions=torch.from_numpy(self.maker.prefix.positions).to(device),
            fair=torch.tensor(fair, device=device),
        )

    def judge(self, prompts: Prompts, texts: Sequence[Sequence[str]]) -> list[list[Judged]]:
        """Q lists of answers, judged in parallel; the next rooms are scanned meanwhile."""
        tasks: list[tuple[list[Sample], list[Sequence[str]], EncodedRoom]] = []
        for (place, sample), group in zip(prompts.asked, texts, strict=True):
            if not tasks or tasks[-1][2] is not place or len(tasks[-1][0]) == JUDGED_TOGETHER:
                tasks.append(([], [], place))
            tasks[-1][0].append(sample)
            tasks[-1][1].append(group)
        columns = zip(
            *(
                (samples, groups, place.room, _bounds(place), place.found)
                for samples, groups, place in tasks
            ),
            strict=True,
        )
        if self.pool is None:
            return [one for part in map(judge_groups, *columns) for one in part]
        judging = self.pool.map(judge_groups, *columns)
        following = [visit + self.config.rooms for visit in self._visits]
        self._ahead = following, self._visited(following)
        return [one for part in judging for one in part]

    def _visited(self, visits: Sequence[int]) -> list[tuple[EncodedRoom, list[Sample]]]:
        """The rooms of visits, scanned, with all their questions."""
        if not self.config.scans:
            return self._scanned(visits)
        keys = list(map(self._key, visits))
        size = self.config.rooms // self.config.devices
        for key in keys:
            if key not in self._kept:  # the batch that first needs it makes it, also after a resume
                first = self._first_visit(*key) // size * size
                batch = range(first, first + size)
                for visit, made in zip(batch, self._scanned(batch), strict=True):
                    if visit // self.config.all_rooms < self.config.scans:
                        self._kept[self._key(visit)] = made
        return [self._kept[key] for key in keys]

    def _sequence(self, place: EncodedRoom, sample: Sample) -> list[int]:
        if not self.config.scans:
            return self.maker.sequence(place, sample)
        key = id(place), id(sample)  # both are kept as long as this is
        if key not in self._sequences:
            self._sequences[key] = self.maker.sequence(place, sample)
        return self._sequences[key]

    def _key(self, visit: int) -> tuple[int, int]:
        """Number of a visit's room, and which of its scans is used."""
        epoch, place = divmod(visit, self.config.all_rooms)
        return int(_order(self.config, epoch)[place]), epoch % self.config.scans

    def _first_visit(self, room: int, scan: int) -> int:
        [place] = np.flatnonzero(_order(self.config, scan) == room)
        return scan * self.config.all_rooms + int(place)

    def _scanned(self, visits: Sequence[int]) -> list[tuple[EncodedRoom, list[Sample]]]:
        made = self._take(visits)
        observed, _, _ = self.maker.observe([room for room, _ in made], seed=_scan(visits))
        return [(place, samples) for place, (_, samples) in zip(observed, made, strict=True)]

    def _take(self, visits: Sequence[int]) -> list[tuple[Room, list[Sample]]]:
        if self.pool is None:
            return [make_visit(self.config, visit) for visit in visits]
        for visit in visits:
            self._start(visit)
        made = [self._made.pop(visit) for visit in visits]
        # the batch after this one, while this one is answered
        step, last = self.config.rooms, self.config.scans * self.config.all_rooms
        for visit in visits:
            if not last or visit + step < last:
                self._start(visit + step)
        return [future.result() for future in made]

    def _start(self, visit: int) -> None:
        if visit not in self._made:
            self._made[visit] = present(self.pool, "the pool").submit(
                make_visit, self.config, visit
            )


def import_this() -> None:
    """Does nothing, but a process that is asked to has imported what it needs for the rest."""


def judge_groups(
    samples: Sequence[Sample],
    groups: Sequence[Sequence[str]],
    room: Room,
    bounds: Bounds,
    found: Sequence[Box],
) -> list[list[Judged]]:
    """The answers to some questions about a room."""
    return [
        judge_group(sample, texts, room, bounds, found)
        for sample, texts in zip(samples, groups, strict=True)
    ]


def judge_group(
    sample: Sample, texts: Sequence[str], room: Room, bounds: Bounds, found: Sequence[Box]
) -> list[Judged]:
    """The answers to one question; equal ones are judged once."""
    known: dict[str, Judged] = {}
    for text in texts:
        if text not in known:
            known[text] = judge(sample, text, room, bounds, found)
    return [known[text] for text in texts]


def _order(config: GRPORunConfig, epoch: int) -> np.ndarray:
    """(all_rooms,) the order of a pass over the rooms."""
    return np.random.default_rng((config.seed, epoch)).permutation(config.all_rooms)


def _scan(visits: Sequence[int]) -> int:
    """Seed of a scan: another one at each visit."""
    return 7_919 + visits[0]


def _bounds(place: EncodedRoom) -> Bounds:
    low, high = place.bounds.double().cpu().numpy()
    return low, high
