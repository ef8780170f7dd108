"""Batches made on the fly: rooms, their questions and label tables, from a batch number alone.

The number is the seed, so a run that resumes at step k sees exactly what it would have seen.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, fields
from random import Random
from typing import Any

import numpy as np
import torch
from transformers import PreTrainedTokenizerBase

from r1_model.conversation import shared_text
from r1_model.network.config import R1Config
from r1_model.network.rope import rope_positions
from r1_model.network.vision import MERGE, PATCH
from r1_training.common.config import TrainingConfig
from r1_training.common.labels import MAX_OBJECTS, label_tables
from r1_training.synthetic.camera.packed_rooms import pack_rooms
from r1_training.synthetic.language.frames import in_frame
from r1_training.synthetic.language.make import TRAINING_WEIGHTS, make_samples
from r1_training.synthetic.language.sample import Sample
from r1_training.synthetic.language.tasks.topic_changes import after_other_topics
from r1_training.synthetic.room_mix import RoomMix
from r1_training.synthetic.rooms.elements import Room
from r1_training.synthetic.rooms.room import make_room
from r1_training.tiny.packing import Conversation, Packed, pack

EXTRA_BOXES = 48  # rows of a room's box table for regions, behind its objects


@dataclass(frozen=True)
class Prefix:
    """The part of a sequence that all questions about a scene share.

    Attributes:
        ids: token ids of scene and views.
        positions: (3, P) mRoPE positions.
        next_position: the first position after it.
    """

    ids: list[int]
    positions: np.ndarray
    next_position: int


def make_prefix(tokenizer: PreTrainedTokenizerBase, config: R1Config, views: int) -> Prefix:
    """Scene and `views` equal views at the front of the first user message."""
    rows, columns = (size // PATCH // MERGE for size in config.fixed_view_size)
    text = shared_text(config, [rows * columns] * views)
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    positions = rope_positions(
        np.asarray(ids), config.image_token_id, config.scene_token_id, [(rows, columns)] * views
    )
    return Prefix(ids, positions, int(positions.max()) + 1)


class BatchBuilder:
    """A collator: a row that holds a batch number -> one batch. Runs in worker processes."""

    def __init__(
        self, config: TrainingConfig, tokenizer: PreTrainedTokenizerBase, model: R1Config
    ) -> None:
        self.config, self.tokenizer = config, tokenizer
        self.mix = RoomMix.load(config.meshes, config.mesh_rooms)
        self.prefix = make_prefix(tokenizer, model, model.num_views)
        self._made: dict[int, dict[str, Any]] = {}

    def __call__(self, rows: Sequence[dict[str, int]]) -> dict[str, Any]:
        """The batch of `rows[0]["batch"]`."""
        number = rows[0]["batch"]
        if not self.config.distinct:
            return {**self._make(number), "number": number}
        turn, own = divmod(number, self.config.distinct)
        if self.config.new_frames:
            return {**self._make(own, turn), "number": number}
        if own not in self._made:
            self._made[own] = self._make(own)
        # a copy: what goes to another process is moved to memory that both share
        return {**copy.deepcopy(self._made[own]), "number": number}

    def _make(self, own: int, frame: int = 0) -> dict[str, Any]:
        torch.set_num_threads(1)  # many workers share the cores
        first = (self.config.seed * 1_000_000 + own) * self.config.rooms
        numbers = range(first, first + self.config.rooms)
        rooms = [self.mix.room(number, "train") for number in numbers]
        asked = [self._asked(room) for room in rooms] if self.config.conversations else []
        if frame:
            rooms = [make_room(number, "train", frame=frame) for number in numbers]
            asked = list(map(in_frame, asked, rooms))
        batch: dict[str, Any] = {
            "rooms": pack_rooms(rooms, views=self.config.scan_views),
            "labels": {k: torch.from_numpy(v) for k, v in label_tables(rooms).items()},
        }
        if asked:
            packed, extra = zip(*map(self._packed, rooms, asked), strict=True)
            batch["extra_boxes"] = torch.from_numpy(np.stack(extra))
            batch["text"] = {
                field.name: torch.from_numpy(np.stack([getattr(p, field.name) for p in packed]))
                for field in fields(Packed)
            }
        return batch

    def _asked(self, room: Room) -> list[Sample]:
        samples = make_samples(
            room,
            np.random.default_rng(room.seed),
            visible=[thing.id for thing in room.objects],
            count=self.config.conversations,
            split="train",
            weights=TRAINING_WEIGHTS,
        )
        return after_other_topics(samples, Random(room.seed))

    def _packed(self, room: Room, samples: Sequence[Sample]) -> tuple[Packed, np.ndarray]:
        """Packed conversations, and (EXTRA_BOXES, 2, 3) centres and sizes of regions."""
        extra = np.ones((EXTRA_BOXES, 2, 3), np.float32)
        conversations, used = [], 0
        for sample in samples:
            if used + len(sample.extra_boxes) > EXTRA_BOXES:
                continue
            for offset, box in enumerate(sample.extra_boxes.values()):
                extra[used + offset] = box
            conversations.append(as_conversation(sample, room, MAX_OBJECTS + used))
            used += len(sample.extra_boxes)
        length = self.config.sequence_length
        most = self.config.conversations
        return pack(self.tokenizer, self.prefix.ids, conversations, length, most), extra


def as_conversation(sample: Sample, room: Room, extra_row: int) -> Conversation:
    """A sample as a conversation; its regions take the box rows from `extra_row` on."""
    rows = {thing.id: thing.id - 1 for thing in room.objects}
    rows |= {id: extra_row + offset for offset, id in enumerate(sample.extra_boxes)}
    answer = f"<think>{sample.think}</think><answer>{sample.answer}</answer>"
    required = tuple(id for id in sample.objects if id not in sample.extra_boxes)
    turns = (*sample.turns, (sample.question, answer))
    prints, tops = (sample.reads, sample.unread), (sample.tops, sample.no_tops)
    return Conversation(turns, rows, required, *prints, *tops)
