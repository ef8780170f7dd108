"""Ask a model about synthetic rooms that it has never seen, and check every answer.

python -m r1_training.cli evaluate-rooms MODEL --rooms 200 --seeds 3
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from r1_model.generation import Generator
from r1_model.network.detected_boxes import detected_boxes
from r1_model.network.modeling import EncodedScene, R1ForConditionalGeneration
from r1_model.reasoner import DEFAULT_NEW_TOKENS, MAX_NEW_TOKENS
from r1_model.text.answer import Box
from r1_model.text.grammar import parse_answer
from r1_model.text.refinement import snap_answer
from r1_training.common.labels import MAX_OBJECTS
from r1_training.synthetic.camera.observe import observe_batch
from r1_training.synthetic.camera.packed_rooms import pack_rooms
from r1_training.synthetic.language.answer_check import check_parsed
from r1_training.synthetic.language.make import make_samples
from r1_training.synthetic.language.sample import Sample
from r1_training.synthetic.rooms.elements import Room
from r1_training.synthetic.rooms.room import make_room
from r1_training.tiny.batches import Prefix, as_conversation, make_prefix
from r1_training.tiny.packing import encode_with_slots, fill_slots, number_table
from r1_training.tiny.scene_batch import LEAST_POINTS, cloud_bounds, normalise_boxes, view_inputs

CHUNK = 16  # rooms observed at a time
# Questions answered at a time: a GPU has room for many; a CPU spends its time on copying their keys
# and values (192 questions on one core: 51 s with 16 at a time, 216 s with 64).
SEQUENCES = {"cuda": 192, "cpu": 16}
DIGEST_ROOMS = 24


@dataclass(frozen=True)
class Asked:
    """One question, what the model said and what is true of it.

    Attributes:
        room: the room.
        sample: the question.
        text: the model's raw text.
        verdict: from `check_answer`.
        held_out: the answer depends on a combination that training never shows.
    """

    room: Room
    sample: Sample
    text: str
    verdict: dict[str, bool | float]
    held_out: bool


@dataclass(frozen=True)
class ObservedRoom:
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


class RoomEvaluator:
    """Holds a model; observes rooms and asks about them.

    Args:
        model: in evaluation mode.
        tokenizer: its tokenizer.
        blind: a text-only baseline: nothing takes the place of scene and image placeholders.
    """

    def __init__(
        self,
        model: R1ForConditionalGeneration,
        tokenizer: PreTrainedTokenizerBase,
        *,
        blind: bool = False,
    ) -> None:
        self.model, self.tokenizer, self.blind = model, tokenizer, blind
        self.generate = Generator(model)
        self.prefix: Prefix = make_prefix(tokenizer, model.config, model.config.num_views)
        self.numbers = number_table(tokenizer).to(model.device)

    @torch.inference_mode()
    def observe(
        self, rooms: Sequence[Room], seed: int
    ) -> tuple[list[ObservedRoom], EncodedScene, dict[str, Tensor]]:
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
        encoded = backbone.encode_scene(seen["points"], seen["colors"].float() / 255, bounds)
        inputs = view_inputs(seen, bounds, config)
        views = backbone.encode_views(inputs["patches"], inputs["view_grids"])
        places = inputs["view_positions"], inputs["view_positions_valid"]
        views = (views + backbone.depth_positions(*places)).view(len(rooms), -1, views.shape[-1])
        observed = [
            ObservedRoom(
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

    def answer(self, questions: Sequence[tuple[ObservedRoom, Sample]], most: int) -> list[str]:
        """The model's raw texts; all of `questions` at a time, at most `most` tokens each."""
        new = self.generate(*self.inputs(questions), max_new_tokens=most)
        return [self.tokenizer.decode(one.tokens, skip_special_tokens=True) for one in new]

    @torch.inference_mode()
    def inputs(
        self, questions: Sequence[tuple[ObservedRoom, Sample]]
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Embeddings, positions and mask of questions, as `Generator` wants them."""
        device, pad = self.model.device, self.tokenizer.pad_token_id
        sequences = [self._prompt(place, sample) for place, sample in questions]
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
        scene = torch.stack([place.scene for place, _ in questions])
        views = torch.stack([place.views for place, _ in questions]).flatten(0, 1)
        if self.blind:
            scene = views = None
        embeddings = self.model.model.embed(ids.to(device), scene, views)
        return embeddings, positions.to(device), mask.to(device)

    def _prompt(self, place: ObservedRoom, sample: Sample) -> list[int]:
        conversation = as_conversation(sample, place.room, MAX_OBJECTS)
        boxes = torch.ones(1, MAX_OBJECTS + len(sample.extra_boxes), 2, 3)
        for row, thing in enumerate(place.room.objects):
            boxes[0, row] = torch.from_numpy(np.stack((thing.center, thing.size)))
        for offset, box in enumerate(sample.extra_boxes.values()):
            boxes[0, MAX_OBJECTS + offset] = torch.from_numpy(np.stack(box))
        text = ""
        for index, (question, answer) in enumerate(conversation.turns):
            text += ("<|im_start|>user\n" if index else "") + question
            text += "<|im_end|>\n<|im_start|>assistant\n"
            if index < len(conversation.turns) - 1:
                text += f"{answer}<|im_end|>\n"
        encoded = encode_with_slots(self.tokenizer, text, conversation.rows)
        ids, rows, coordinates = (
            torch.tensor(column)[None] for column in zip(*encoded, strict=True)
        )
        levels = normalise_boxes(boxes[:, :, 0], boxes[:, :, 1], place.bounds[None].cpu()).round()
        filled = fill_slots(ids, rows, coordinates, levels, self.numbers.cpu())
        return [*self.prefix.ids, *filled[0].tolist()]


def evaluate_rooms(
    evaluator: RoomEvaluator,
    *,
    rooms: int,
    questions: int,
    seed: int,
    split: str = "test",
    tasks: Sequence[str] | None = None,
) -> list[Asked]:
    """Ask `questions` about each of `rooms` unseen rooms.

    Args:
        evaluator: with the model.
        rooms: how many; the seed chooses which.
        questions: per room.
        seed: of rooms, scans and questions.
        split: val or test.
        tasks: some of `answer.TASKS`; all by default.
    """
    pending: list[tuple[ObservedRoom, Sample]] = []
    for start in range(0, rooms, CHUNK):
        numbers = range(seed * 10_000 + start, seed * 10_000 + min(start + CHUNK, rooms))
        observed, _, _ = evaluator.observe([make_room(n, split) for n in numbers], seed=start)
        for place in observed:
            rng = np.random.default_rng((seed, place.room.seed))
            for sample in make_samples(
                place.room, rng, visible=place.visible, count=questions, split=split, tasks=tasks
            ):
                pending.append((place, sample))
    return ask_all(evaluator, pending)


def ask_all(
    evaluator: RoomEvaluator, questions: Sequence[tuple[ObservedRoom, Sample]]
) -> list[Asked]:
    """Every question answered and judged, in an order of its own: those with long answers last.

    Args:
        evaluator: with the model.
        questions: each with its room, as `RoomEvaluator.observe` gives it.
    """
    # long answers together, so that short ones need not wait for them
    pending = sorted(
        questions, key=lambda item: (MAX_NEW_TOKENS.get(item[1].task, 0), len(item[1].raw))
    )
    at_a_time = SEQUENCES[evaluator.model.device.type]
    asked: list[Asked] = []
    for start in range(0, len(pending), at_a_time):
        chunk = pending[start : start + at_a_time]
        most = max(MAX_NEW_TOKENS.get(s.task, DEFAULT_NEW_TOKENS) for _, s in chunk)
        for (place, sample), text in zip(chunk, evaluator.answer(chunk, most), strict=True):
            asked.append(_judge(place, sample, text))
    return asked


def questions_digest(split: str) -> str:
    """Of the questions about some rooms, everything in sight: another version asks others.

    Args:
        split: val or test.
    """
    digest = hashlib.sha256()
    for number in range(DIGEST_ROOMS):
        room = make_room(number, split)
        everything = [thing.id for thing in room.objects]
        rng = np.random.default_rng(number)
        for sample in make_samples(room, rng, visible=everything, count=12, split=split):
            digest.update(f"{sample.question}\n{sample.raw}\n".encode())
    return digest.hexdigest()[:16]


def _judge(place: ObservedRoom, sample: Sample, text: str) -> Asked:
    room = place.room
    boxes = {thing.id: (thing.center, thing.size) for thing in room.objects}
    bounds = tuple(place.bounds.double().cpu().numpy())
    parsed = snap_answer(parse_answer(text, bounds, sample.task), place.found, bounds)
    verdict = check_parsed(sample, parsed, boxes, room)
    held_out = any(room.object(id).held_out for id in sample.objects if id <= len(room.objects))
    return Asked(room, sample, text, verdict, held_out)
