"""Questions as seen from where somebody looks: a small random model."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from r1_model.asking.question import Question
from r1_model.conversation import R1Processor
from r1_model.errors import EmptySceneError, InvalidQuestionError
from r1_model.network.modeling import R1ForConditionalGeneration
from r1_model.reasoner import Reasoner
from r1_model.scene.scene import Scene
from r1_model.text.answer import Box, Turn
from r1_model.text.boxes import turned_box
from r1_model.text.frames import text_frame
from tests.r1_model.scene.test_walls import box_room
from tests.r1_model.small import random_scene, scene_tokenizer, seeded, small_config

ANSWER = "<think>x</think><answer>lamp <obj>10, 20, 30, 40, 50, 60</obj></answer>"


@pytest.fixture(scope="module")
def reasoner(tmp_path_factory) -> Reasoner:
    folder = tmp_path_factory.mktemp("model")
    tokenizer = scene_tokenizer()
    config = small_config(tokenizer)
    seeded(lambda: R1ForConditionalGeneration(config)).save_pretrained(folder)
    R1Processor(tokenizer, config).save_pretrained(folder)
    return Reasoner.from_pretrained(str(folder), device="cpu", num_views=2)


def scene_of(yaw: float) -> Scene:
    """A room whose walls are turned by `yaw` radians."""
    points = box_room(yaw)
    colors = np.random.default_rng(0).integers(0, 256, points.shape, dtype=np.uint8)
    return Scene(points, colors, views=random_scene(views=3).views)


@pytest.mark.parametrize("walls", [0.0, 0.3, 0.6, math.radians(44.9), math.radians(-44.9)])
@pytest.mark.parametrize("off", [-0.7, 0.0, 0.7])
def test_what_is_looked_at_lies_ahead(reasoner, walls, off):
    """Along the wall that is nearest to the gaze: the model reads rooms along their walls."""
    scene = scene_of(walls)
    for quarter in range(4):
        gaze = walls + quarter * math.pi / 2 + off
        read, yaw = reasoner.frame(scene, gaze)
        assert abs(math.remainder(gaze + yaw - math.pi / 2, math.tau)) < math.radians(46)
        assert abs(math.remainder(walls + yaw, math.pi / 2)) < math.radians(3)
        assert read.alignment == 0 and len(read.points) == len(scene.points)


def test_a_model_that_needs_no_walls_looks_exactly_there(reasoner, monkeypatch):
    monkeypatch.setattr(reasoner.settings, "align_to_walls", False)
    scene, gaze = scene_of(0.3), 2.0
    read, yaw = reasoner.frame(scene, gaze)
    assert yaw == pytest.approx(math.pi / 2 - gaze)
    assert np.allclose(read.points, scene.turned(yaw).points, atol=1e-6)


def test_boxes_come_back_in_the_map(reasoner, monkeypatch):
    scene, gaze = scene_of(0.6), 0.6 + math.pi
    monkeypatch.setattr("r1_model.reasoner.decoded", lambda tokenizer, tokens: ANSWER)
    answer = reasoner.ask(scene, "find it", task="grounding", gaze=gaze, max_new_tokens=3)
    read, yaw = reasoner.frame(scene, gaze)
    low, high = read.bounds()
    straight = turned_box(answer.boxes[0], yaw)
    assert np.allclose(straight.center, low + (high - low) * np.array([10, 20, 30]) / 255, atol=0.1)
    assert answer.frame == text_frame(yaw, read.bounds())
    together = reasoner.ask_many(
        [
            Question(scene, "find it", "grounding", gaze=gaze),
            Question(scene, "find it", "grounding"),
        ],
        max_new_tokens=3,
    )
    assert np.allclose(together[0].boxes[0].center, answer.boxes[0].center)
    assert not np.allclose(together[1].boxes[0].center, answer.boxes[0].center)


def test_it_is_the_question_about_the_turned_scene(reasoner):
    scene = scene_of(0.0)
    there = Box(scene.points.mean(0).astype(float), np.array([1.0, 0.5, 0.4]))
    faced = scene.turned(math.pi / 2)
    answers = [
        reasoner.ask(scene, "what is this?", target=there, gaze=0.0, max_new_tokens=6),
        reasoner.ask(
            *(faced, "what is this?"), target=turned_box(there, math.pi / 2), max_new_tokens=6
        ),
    ]
    assert answers[0].raw == answers[1].raw and answers[0].raw
    assert answers[0].view_ids == answers[1].view_ids


def test_a_scene_is_turned_and_encoded_once(reasoner):
    scene = scene_of(0.0)
    first, _ = reasoner.frame(scene, 0.1)
    assert reasoner.frame(scene, -0.1)[0] is first
    assert reasoner.frame(scene, math.pi)[0] is not first
    assert reasoner.frame(scene)[0] is scene


def test_earlier_turns_are_read_in_the_frame_of_now(reasoner, monkeypatch):
    read: list[str] = []
    original = R1Processor.prompts

    def spy(self, many):
        read.extend(turn.raw for one in many for turn in one.history)
        return original(self, many)

    monkeypatch.setattr(R1Processor, "prompts", spy)
    scene = scene_of(0.0)
    said = replace(reasoner.ask(scene, "where is the lamp?", max_new_tokens=2), raw=ANSWER)
    asked = {"history": [Turn("where is the lamp?", said.raw, said.frame)], "task": "dialogue"}
    reasoner.ask(scene, "is it on?", max_new_tokens=2, **asked)
    assert read == [ANSWER]
    reasoner.ask(scene, "is it on?", gaze=0.0, max_new_tokens=2, **asked)
    # +x lies ahead now: what was at (10, 20) of 255 from the corner is at (235, 10)
    assert "<obj>235, 10, 30, 50, 40, 60</obj>" in read[1]
    bare = [Turn("where is the lamp?", ANSWER)]
    reasoner.ask(scene, "is it on?", gaze=0.0, max_new_tokens=2, history=bare, task="dialogue")
    assert read[2] == ANSWER


@pytest.mark.parametrize("gaze", [math.nan, math.inf])
def test_a_gaze_that_is_no_angle_is_refused(reasoner, gaze):
    with pytest.raises(InvalidQuestionError, match="gaze must be finite"):
        reasoner.ask(scene_of(0.0), "what is this?", gaze=gaze)


def test_a_scene_without_points_is_refused(reasoner):
    scene = Scene(np.zeros((0, 3), np.float32), np.zeros((0, 3), np.uint8))
    turn = Turn("a", ANSWER, text_frame(0.0, (np.zeros(3), np.ones(3))))
    with pytest.raises(EmptySceneError):
        reasoner.ask(scene, "is it on?", gaze=1.0, history=[turn], task="dialogue")
