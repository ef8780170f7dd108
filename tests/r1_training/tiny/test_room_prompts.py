"""Prompts of training are those of the product."""

from __future__ import annotations

import numpy as np
import pytest

from r1_model.pretrained import load_pretrained
from r1_model.text.answer import Turn
from r1_training.synthetic.language.make import make_samples
from r1_training.synthetic.language.sample import fill_boxes
from r1_training.synthetic.rooms.room import make_room
from r1_training.tiny.room_prompts import RoomPrompts


@pytest.fixture(scope="module")
def loaded():
    return load_pretrained("r1-tiny", device="cpu", dtype="float32")


def test_a_prompt_is_read_as_the_products(loaded):
    prompts = RoomPrompts(loaded.model, loaded.processor.tokenizer)
    [place], _, seen = prompts.observe([make_room(3, "test")], seed=0)
    samples = make_samples(
        place.room,
        np.random.default_rng(0),
        visible=place.visible,
        count=12,
        split="test",
        tasks=["qa", "object_caption", "dialogue"],
    )
    ids, mask, positions = prompts.prompts([(place, sample) for sample in samples])
    assert ids.shape == mask.shape == positions.shape[1:]
    boxes = {thing.id: (thing.center, thing.size) for thing in place.room.objects}
    bounds = tuple(place.bounds.double().numpy())
    height, width = loaded.model.config.fixed_view_size
    views = [height // 28 * (width // 28)] * loaded.model.config.num_views
    for row, sample in enumerate(samples):
        history = [Turn(asked, fill_boxes(raw, boxes, bounds)) for asked, raw in sample.turns]
        question = fill_boxes(sample.question, boxes, bounds)
        text = loaded.processor.prompt(question, history, views)
        wanted = loaded.processor.tokenizer(text, add_special_tokens=False)["input_ids"]
        assert ids[row][mask[row] == 1].tolist() == wanted
    counts = seen["object_points"][0]
    for thing in place.room.objects:
        assert (thing.id in place.visible) is bool(counts[thing.id - 1] >= 20), thing
