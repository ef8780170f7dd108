"""What the `Reasoner` was asked about is given back at once, not when the collector comes.

A map is hundreds of megabytes: two or three that wait for Python's garbage collector are a robot's
memory.
"""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

from r1_model.asking.question import Question
from r1_model.scene.scene import Scene
from tests.r1_model.scene.test_walls import box_room
from tests.r1_model.small import random_scene


@pytest.fixture(autouse=True)
def nobody_collects():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def straight() -> Scene:
    return random_scene(views=3)


def turned() -> Scene:
    points = box_room(0.6)
    colors = np.random.default_rng(0).integers(0, 256, points.shape, dtype=np.uint8)
    return Scene(points, colors, views=random_scene(views=3).views)


def bare() -> Scene:
    return random_scene(views=0)


@pytest.mark.parametrize("make", [straight, turned, bare])
@pytest.mark.parametrize(
    "use",
    [
        lambda reasoner, scene: reasoner.prepare(scene),
        lambda reasoner, scene: reasoner.detect(scene),
        lambda reasoner, scene: reasoner.select_views(scene, "Where is the chair?"),
        lambda reasoner, scene: reasoner.ask(scene, "What is on the table?", max_new_tokens=2),
        lambda reasoner, scene: reasoner.ask(scene, "Thanks!", max_new_tokens=2),
        lambda reasoner, scene: reasoner.ask(
            scene, "Open the fridge. How many chairs are there?", max_new_tokens=2
        ),
        lambda reasoner, scene: reasoner.ask_many(
            [Question(scene, "Find it."), Question(scene, "Open the door.")], max_new_tokens=2
        ),
    ],
    ids=["prepare", "detect", "select_views", "ask", "courtesy", "two questions", "ask_many"],
)
def test_a_scene_is_given_back_when_the_next_comes(reasoner, make, use):
    scene = make()
    gone, views = weakref.ref(scene), [weakref.ref(view) for view in scene.views]
    use(reasoner, scene)
    del scene
    use(reasoner, straight())
    assert gone() is None
    assert not any(view() for view in views)


@pytest.mark.parametrize("make", [straight, turned])
def test_a_scene_that_was_aligned_does_not_keep_itself(make):
    scene = make()
    aligned = weakref.ref(scene.aligned)
    assert scene.aligned is aligned()  # worked out once
    del scene
    assert aligned() is None


@pytest.mark.parametrize("text", ["Where is it?", "Open the door. How many chairs are there?"])
def test_a_question_does_not_keep_itself(text):
    question = Question(straight(), text)
    assert question.parts
    gone = weakref.ref(question)
    del question
    assert gone() is None
