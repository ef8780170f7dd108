"""The `Reasoner` on maps that are turned against their walls: a small random model."""

from __future__ import annotations

import numpy as np
import pytest

from r1_model.conversation import R1Processor
from r1_model.network.config import R1Config
from r1_model.network.modeling import R1ForConditionalGeneration
from r1_model.reasoner import Reasoner
from r1_model.scene.scene import Scene
from r1_model.text.answer import Box
from r1_model.text.boxes import turned_box
from tests.r1_model.scene.test_walls import box_room
from tests.r1_model.small import random_scene, scene_tokenizer, seeded, small_config


@pytest.fixture
def reasoner(tmp_path) -> Reasoner:
    tokenizer = scene_tokenizer()
    config = small_config(tokenizer)
    seeded(lambda: R1ForConditionalGeneration(config)).save_pretrained(tmp_path)
    R1Processor(tokenizer, config).save_pretrained(tmp_path)
    return Reasoner.from_pretrained(str(tmp_path), device="cpu", num_views=2)


@pytest.fixture
def scene() -> Scene:
    points = box_room(0.6)
    colors = np.random.default_rng(0).integers(0, 256, points.shape, dtype=np.uint8)
    return Scene(points, colors, views=random_scene(views=3).views)


def same(found: list[Box], wanted: list[Box]) -> bool:
    return len(found) == len(wanted) and all(
        np.allclose(a.center, b.center) and np.allclose(a.size, b.size) and a.yaw == b.yaw
        for a, b in zip(found, wanted, strict=True)
    )


def test_the_model_reads_the_walls_frame_and_boxes_come_back_in_the_map(reasoner, scene):
    yaw = scene.alignment
    assert yaw != 0 and scene.aligned.alignment == 0
    boxes, straight = reasoner.detect(scene, 0.0), reasoner.detect(scene.aligned, 0.0)
    assert straight and all(box.yaw == 0 for box in straight)
    assert same(boxes, [turned_box(box, -yaw) for box in straight])
    answer, other = (
        reasoner.ask(one, "where is it?", max_new_tokens=12) for one in (scene, scene.aligned)
    )
    assert answer.raw == other.raw and answer.raw
    assert answer.view_ids == other.view_ids


def test_a_written_box_is_turned_back(reasoner, scene, monkeypatch):
    text = "<think>x</think><answer>lamp <obj>10, 20, 30, 40, 50, 60</obj></answer>"
    monkeypatch.setattr("r1_model.reasoner.decoded", lambda tokenizer, tokens: text)
    [box] = reasoner.ask(scene, "find it", task="grounding", max_new_tokens=3).boxes
    low, high = scene.aligned.bounds()
    assert box.yaw == pytest.approx(-scene.alignment)
    straight = turned_box(box, scene.alignment)
    assert np.allclose(straight.center, low + (high - low) * np.array([10, 20, 30]) / 255, atol=0.1)
    assert straight.yaw == 0


def test_a_target_is_read_in_the_walls_frame(reasoner, scene, monkeypatch):
    read: list[str] = []
    original = R1Processor.prompts

    def spy(self, many):
        read.extend(one.question for one in many)
        return original(self, many)

    monkeypatch.setattr(R1Processor, "prompts", spy)
    low, high = scene.aligned.bounds()
    there = Box((low + high) / 2, np.array([1.0, 0.5, 0.4]))
    reasoner.ask(scene.aligned, "what is this?", target=there, max_new_tokens=2)
    reasoner.ask(
        *(scene, "what is this?"), target=turned_box(there, -scene.alignment), max_new_tokens=2
    )
    assert read[0] == read[1] and "<obj>" in read[0]


def test_a_model_that_needs_no_walls_reads_the_map_as_it_is(reasoner, scene):
    assert R1Config().align_to_walls is False
    reasoner.settings.align_to_walls = False
    assert reasoner.frame(scene) == (scene, 0.0)
    assert all(box.yaw == 0 for box in reasoner.detect(scene, 0.0))
