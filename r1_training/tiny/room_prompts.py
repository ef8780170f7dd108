"""Rooms and questions as tensors for many prompts at once: what a model that learns samples from.

A user is answered by `Reasoner`. Here a model is asked whose answers are trained on: its scenes
and views are encoded once for all questions about them; boxes in the text are true ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from r1_model.conversation import turn_texts
from r1_model.network.detected_boxes import detected_boxes
from r1_model.network.modeling import EncodedScene, R1ForConditionalGeneration
from r1_model.text.answer import Box
from r1_training.common.labels import MAX_OBJECTS
from r1_training.synthetic.camera.observe import observe_batch
from r1_training.synthetic.camera.packed_rooms import pack_rooms
from r1_training.synthetic.language.sample import Sample
from r1_training.synthetic.rooms.elements import Room
from r1_training.tiny.batches import Prefix, as_conversation, make_prefix
from r1_training.tiny.packing import encode_with_slots, fill_slots, number_table
from r1_training.tiny.scene_batch import (
    LEAST_POINTS,
    cloud_bounds,
    normalise_boxes,
    pictures_of,
    view_inputs,
)


@dataclass(frozen=True)
class EncodedRoom:
    """A scanned room with what the model makes of it.

    Attributes:
        room: the room.
        visible: ids of the objects that the scan saw.
        bounds: (2, 3) metres.
        scene: (T, hidden) scene tokens.
        views: (I, hidden) image tokens, places added.
        found: detections, as answers are refined with.
    """

    room: Room
    visible: list[int]
    bounds: Tensor
    scene: Tensor
    views: Tensor
    found: list[Box]


class RoomPrompts:
    """Observes rooms with a model and makes prompts about them.

    Args:
        model: whose scene branch and views see the rooms.
        tokenizer: its tokenizer.
    """

    def __init__(
        self, model: R1ForConditionalGeneration, tokenizer: PreTrainedTokenizerBase
    ) -> None:
        self.model, self.tokenizer = model, tokenizer
        self.prefix: Prefix = make_prefix(tokenizer, model.config, model.config.num_views)
        self.numbers = number_table(tokenizer).to(model.device)

    @torch.inference_mode()
    def observe(
        self, rooms: Sequence[Room], seed: int
    ) -> tuple[list[EncodedRoom], EncodedScene, dict[str, Tensor]]:
        """Scan rooms and encode them."""
        config, device = self.model.config, self.model.device
        seen = observe_batch(
            pack_rooms(list(rooms)),
            seed,
            points=config.scene_config.num_points,
            keep_views=config.num_views,
            device=device,
        )
        bounds = cloud_bounds(seen["points"])
        backbone = self.model.model
        looks = None if backbone.looks is None else pictures_of(seen)
        cloud = seen["points"], seen["colors"].float() / 255, bounds
        encoded = backbone.encode_scene(*cloud, looks)
        inputs = view_inputs(seen, bounds, config)
        views = backbone.encode_views(inputs["patches"], inputs["view_grids"])
        places = inputs["view_positions"], inputs["view_positions_valid"]
        views = (views + backbone.depth_positions(*places)).view(len(rooms), -1, views.shape[-1])
        observed = [
            EncodedRoom(
                room,
                [o.id for o in room.objects if seen["object_points"][i, o.id - 1] >= LEAST_POINTS],
                bounds[i],
                encoded.tokens[i],
                views[i],
                detected_boxes(config.scene_config, encoded, i),
            )
            for i, room in enumerate(rooms)
        ]
        return observed, encoded, seen

    @torch.inference_mode()
    def inputs(
        self, questions: Sequence[tuple[EncodedRoom, Sample]]
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Embeddings, positions and mask of questions, as `Generator` wants them."""
        ids, mask, positions = self.prompts(questions)
        scene = torch.stack([place.scene for place, _ in questions])
        views = torch.stack([place.views for place, _ in questions]).flatten(0, 1)
        return self.model.model.embed(ids, scene, views), positions, mask

    def prompts(
        self, questions: Sequence[tuple[EncodedRoom, Sample]]
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Token ids (Q, L), padded on the left, mask (Q, L) and positions (3, Q, L)."""
        return self.padded([self.sequence(place, sample) for place, sample in questions])

    def padded(self, sequences: Sequence[list[int]]) -> tuple[Tensor, Tensor, Tensor]:
        """The same of prompts that are tokens already, see `sequence`."""
        device, pad = self.model.device, self.tokenizer.pad_token_id
        longest = max(map(len, sequences))
        ids = torch.full((len(sequences), longest), pad)
        mask = torch.zeros(len(sequences), longest, dtype=torch.long)
        positions = torch.zeros(3, len(sequences), longest, dtype=torch.long)
        own = torch.from_numpy(self.prefix.positions)
        for row, sequence in enumerate(sequences):
            start, text = longest - len(sequence), len(sequence) - len(self.prefix.ids)
            ids[row, start:], mask[row, start:] = torch.tensor(sequence), 1
            rest = self.prefix.next_position + torch.arange(text).expand(3, -1)
            positions[:, row, start:] = torch.cat((own, rest), 1)
        return ids.to(device), mask.to(device), positions.to(device)

    def sequence(self, place: EncodedRoom, sample: Sample) -> list[int]:
        """Tokens of a question, scene and views before it."""
        conversation = as_conversation(sample, place.room, MAX_OBJECTS)
        *earlier, (last, _) = turn_texts(conversation.turns)
        text = "".join(read + said for read, said in earlier) + last
        encoded = encode_with_slots(self.tokenizer, text, conversation.rows)
        if all(row < 0 for _, row, _ in encoded):
            return [*self.prefix.ids, *(token for token, _, _ in encoded)]
        boxes = torch.ones(1, MAX_OBJECTS + len(sample.extra_boxes), 2, 3)
        for row, thing in enumerate(place.room.objects):
            boxes[0, row] = torch.from_numpy(np.stack((thing.center, thing.size)))
        for offset, box in enumerate(sample.extra_boxes.values()):
            boxes[0, MAX_OBJECTS + offset] = torch.from_numpy(np.stack(box))
        ids, rows, coordinates = (
            torch.tensor(column)[None] for column in zip(*encoded, strict=True)
        )
        levels = normalise_boxes(boxes[:, :, 0], boxes[:, :, 1], place.bounds[None].cpu()).round()
        filled = fill_slots(ids, rows, coordinates, levels, self.numbers.cpu())
        return [*self.prefix.ids, *filled[0].tolist()]
