from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import fields
from random import Random

import numpy as np
import pytest
import torch

from r1_model.network.config import R1Config
from r1_model.network.modeling import R1ForConditionalGeneration
from r1_training.common.labels import MAX_OBJECTS
from r1_training.synthetic.language.make import TRAINING_WEIGHTS, make_samples
from r1_training.synthetic.language.sample import Sample, fill_boxes
from r1_training.synthetic.language.tasks.topic_changes import after_other_topics
from r1_training.synthetic.rooms.room import make_room
from r1_training.tiny import batches
from r1_training.tiny.batches import EXTRA_BOXES, BatchBuilder, as_conversation
from r1_training.tiny.packing import Packed, number_table
from r1_training.tiny.scene_batch import Seen, language_inputs
from tests.r1_training.tiny_model import small_run

NUMBER = re.compile(r"(\d+)")
BOUNDS = torch.tensor([[[-4.0, -4.0, 0.0], [4.0, 4.0, 3.0]]])
DIGEST = """
import hashlib
import numpy as np
from r1_training.synthetic.language.make import make_samples
from r1_training.synthetic.rooms.room import make_room
found = hashlib.sha256()
for seed in range(12):
    room = make_room(seed, "train")
    visible = [thing.id for thing in room.objects]
    rng = np.random.default_rng(seed)
    found.update(room.primitives.unit_from_map.tobytes())
    for sample in make_samples(room, rng, visible=visible, count=12):
        text = (sample.turns, sample.question, sample.raw, sample.objects)
        found.update(repr(text).encode())
print(found.hexdigest())
"""


@pytest.fixture(scope="module")
def build(room_model, room_words, tmp_path_factory):
    def make(**changes: object) -> BatchBuilder:
        settings = {"conversations": 8, "sequence_length": 1_024, **changes}
        config = small_run(tmp_path_factory.mktemp("run"), **settings)
        return BatchBuilder(config, room_words, R1Config.from_pretrained(room_model))

    return make


@pytest.fixture(scope="module")
def builder(build):
    return build()


@pytest.fixture(scope="module")
def batch(builder):
    return builder([{"batch": 3}])


def flat(batch: dict, name: str = "") -> dict[str, torch.Tensor]:
    """Every tensor of a batch, by its path."""
    if isinstance(batch, torch.Tensor):
        return {name: batch}
    if not isinstance(batch, dict):
        return {}
    return {k: v for key, value in batch.items() for k, v in flat(value, f"{name}.{key}").items()}


def differences(text: str, truth: str) -> list[int]:
    """Of the numbers in two texts that are alike otherwise; [0] where there are none."""
    pairs = zip(NUMBER.findall(text), NUMBER.findall(truth), strict=True)
    return [abs(int(a) - int(b)) for a, b in pairs] or [0]


def filled(batch: dict, builder: BatchBuilder, object_points: torch.Tensor | None = None):
    """The batch's text with its boxes, as the trainer makes it."""
    labels = batch["labels"]
    boxes = torch.stack((labels["center"], labels["size"]), 2)
    if object_points is None:
        object_points = torch.full(labels["category"].shape, 1_000)
    no = torch.zeros_like(object_points, dtype=torch.bool)
    return language_inputs(
        batch["text"],
        torch.cat((boxes, batch["extra_boxes"]), 1),
        BOUNDS.expand(len(boxes), -1, -1),
        Seen(object_points, no, ~no, torch.zeros_like(object_points)),
        builder.prefix,
        number_table(builder.tokenizer),
    )


def rooms_of(builder: BatchBuilder, number: int) -> list:
    """The rooms of a batch, from the rule that its number is the seed."""
    first = (builder.config.seed * 1_000_000 + number) * builder.config.rooms
    return [make_room(first + index, "train") for index in range(builder.config.rooms)]


def samples_of(room, count: int, make=make_samples) -> list[Sample]:
    visible = [thing.id for thing in room.objects]
    rng = np.random.default_rng(room.seed)
    samples = make(
        *(room, rng), visible=visible, count=count, split="train", weights=TRAINING_WEIGHTS
    )
    return after_other_topics(samples, Random(room.seed))


def test_a_batch_is_its_number(build, builder, batch):
    again, other = build()([{"batch": 3}]), builder([{"batch": 4}])
    assert torch.equal(batch["rooms"].table, again["rooms"].table)
    assert torch.equal(batch["rooms"].T_scene_camera, again["rooms"].T_scene_camera)
    assert not torch.equal(batch["labels"]["center"], other["labels"]["center"])
    assert not torch.equal(batch["text"]["input_ids"], other["text"]["input_ids"])
    tensors = flat(batch)
    assert len(tensors) == 1 + len(fields(Packed)) + len(batch["labels"])
    for name, value in flat(again).items():
        assert torch.equal(value, tensors[name]), name


def test_after_the_distinct_batches_the_same_rooms_come_again(build, batch):
    again = build(distinct=4)([{"batch": 7}])
    assert again["number"] == 7  # the scan is another one
    for name in ("labels", "text"):
        for key, value in batch[name].items():
            assert torch.equal(again[name][key], value), key


def test_in_new_frames_the_same_questions_come_again_about_boxes_elsewhere(build, batch):
    builder = build(distinct=4, new_frames=True)
    own, later, again = builder([{"batch": 3}]), builder([{"batch": 7}]), builder([{"batch": 7}])
    assert torch.equal(own["labels"]["center"], batch["labels"]["center"])
    assert torch.equal(later["text"]["input_ids"], own["text"]["input_ids"])
    moved = (later["labels"]["center"] - own["labels"]["center"]).abs().amax(-1)
    assert (moved[own["labels"]["category"] >= 0] > 0.3).all()
    for one, other in zip(flat(later).values(), flat(again).values(), strict=True):
        assert torch.equal(one, other)


def test_another_seed_of_the_run_makes_other_rooms(build, batch):
    other = build(seed=5)([{"batch": 3}])
    assert not torch.equal(batch["labels"]["center"], other["labels"]["center"])


def test_rooms_and_questions_are_the_same_in_every_process():
    """A run that goes on after a kill is another process, with another hash seed."""
    found = set()
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", DIGEST],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        found.add(done.stdout)
    assert len(found) == 1


def regions_first(*arguments: object, **options: object) -> list[Sample]:
    """`make_samples`, with those in front that would rarely fit into one sequence."""
    return sorted(make_samples(*arguments, **options), key=lambda one: not one.extra_boxes)


def test_boxes_fill_in_right(build, monkeypatch):
    """Every conversation, decoded, is the sample's text with the true boxes in it."""
    monkeypatch.setattr(batches, "make_samples", regions_first)
    builder = build(rooms=80, conversations=32, sequence_length=2_048)
    batch = builder([{"batch": 0}])
    language, segment = filled(batch, builder), batch["text"]["segment"]
    numbers = wrong = regions = 0
    for row, room in enumerate(rooms_of(builder, 0)):
        every = {thing.id: (thing.center, thing.size) for thing in room.objects}
        expected = []
        for sample in samples_of(room, builder.config.conversations, regions_first):
            turns = [*sample.turns, (sample.question, sample.raw)]
            text = "\n<|im_start|>user\n".join(
                f"{question}<|im_end|>\n<|im_start|>assistant\n{answer}<|im_end|>"
                for question, answer in turns
            )
            boxes = {**every, **sample.extra_boxes}
            expected.append(fill_boxes(text, boxes, tuple(BOUNDS[0].double().numpy())))
        said = [
            builder.tokenizer.decode(language.input_ids[row, segment[row] == number])
            for number in range(1, int(segment[row].max()) + 1)
        ]
        assert 1 < len(said) <= len(expected)
        for text in said:
            alike = [truth for truth in expected if NUMBER.sub("#", truth) == NUMBER.sub("#", text)]
            pairs = min((differences(text, truth) for truth in alike), key=max)
            # the two roundings (float32 and float64) may differ exactly between two levels
            assert max(pairs) <= 1, text
            numbers, wrong = numbers + len(pairs), wrong + sum(pairs)
        regions = max(regions, int((batch["text"]["slot_box"][row] > MAX_OBJECTS).sum()))
    assert numbers > 100 and wrong <= numbers / 100
    assert regions  # in one room at least a second region was asked about


def test_only_answers_are_trained_and_only_of_what_was_observed(builder, batch):
    everything = filled(batch, builder)
    nothing = filled(batch, builder, torch.zeros_like(batch["labels"]["category"]))
    text = batch["text"]
    assert (text["required"] >= 0).any()
    trained = everything.labels != -100
    assert torch.equal(trained, text["trained"])
    assert torch.equal(everything.labels[trained], everything.input_ids[trained])
    for row in range(len(trained)):
        for number in range(1, int(text["segment"][row].max()) + 1):
            own = text["segment"][row] == number
            needs = bool((text["required"][row, number - 1] >= 0).any())
            assert bool((nothing.labels[row, own] != -100).any()) is not needs, number


def test_a_conversation_does_not_see_another_one(builder, batch, room_model):
    model = R1ForConditionalGeneration.from_pretrained(room_model).eval()
    language, segment = filled(batch, builder), batch["text"]["segment"][:1]
    own = segment == 2
    labels = torch.where(own, language.labels[:1], -100)
    assert (labels != -100).any()

    @torch.inference_mode()
    def loss(changed: torch.Tensor) -> float:
        ids = language.input_ids[:1].clone()
        # placeholders stay, else there would be fewer of them than tokens
        ids[changed & (ids > 20)] += 1
        return model(
            input_ids=ids,
            attention_mask=language.mask[:1],
            position_ids=language.position_ids[:, :1],
            labels=labels,
        ).loss.item()

    untouched = loss(torch.zeros_like(own))
    assert loss((segment == 1) | (segment == 3)) == untouched
    question = own & ~batch["text"]["trained"][:1]
    assert abs(loss(question) - untouched) > 1e-4


def test_positions_go_on_after_the_shared_front(builder, batch):
    language, segment = filled(batch, builder), batch["text"]["segment"]
    front = len(builder.prefix.ids)
    assert language.input_ids[0, :front].tolist() == builder.prefix.ids
    assert language.position_ids[:, 0, :front].tolist() == builder.prefix.positions.tolist()
    own = language.position_ids[:, 0, segment[0] == 2]
    expected = builder.prefix.next_position + torch.arange(own.shape[1])
    assert own.tolist() == [expected.tolist()] * 3


def test_without_questions_there_is_only_the_scene(build):
    assert set(build()([{"batch": 0}])) > {"number", "rooms", "labels"}
    assert set(build(conversations=0)([{"batch": 0}])) == {"number", "rooms", "labels"}


def test_regions_take_rows_behind_the_objects():
    room = make_room(0, "train")
    area = (np.zeros(3), np.ones(3))
    sample = Sample(
        task="grounding",
        language="en",
        kind="region",
        turns=(),
        question="Where is it dry?",
        think="",
        answer="area <obj:10000> <obj:10001>",
        objects=(2, 10_000),
        answer_key={"type": "grounding", "value": (10_000,)},
        extra_boxes={10_000: area, 10_001: area},
    )
    conversation = as_conversation(sample, room, MAX_OBJECTS + 5)
    assert conversation.rows[10_000] == MAX_OBJECTS + 5
    assert conversation.rows[10_001] == MAX_OBJECTS + 6
    assert conversation.rows[1] == 0
    assert conversation.required == (2,)  # a region cannot be observed
    assert EXTRA_BOXES >= 2
