"""What a model is shown, switch by switch, on a synthetic room with r1-tiny."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from r1_model.scene.scene import Scene
from r1_training.metrics.errors import EvaluationInputError
from r1_training.prediction.switches import (
    MODALITIES,
    SwitchedReasoner,
    Switches,
    evenly,
    horizontal,
)
from r1_training.synthetic.camera.observe import room_to_scene
from r1_training.synthetic.rooms.room import make_room

QUESTION = "What colour is the bathtub?"


@pytest.fixture(scope="module")
def scene() -> Scene:
    scene, _ = room_to_scene(make_room(1, "test"), keep_views=9, partial=0)
    return scene


@pytest.fixture(scope="module")
def loaded() -> SwitchedReasoner:
    return SwitchedReasoner.from_pretrained("r1-tiny", device="cpu")


@pytest.fixture
def reasoner(loaded):
    """The model as it is, again after each test."""
    yield loaded
    loaded.switch(Switches()).close()


def shown(reasoner, scene, **switches) -> list[int]:
    reasoner.switch(Switches(**switches))
    return reasoner.ask(scene, QUESTION, max_new_tokens=2).view_ids


def test_policies_show_what_they_say(reasoner, scene):
    ids = sorted(view.id for view in scene.views)
    assert shown(reasoner, scene, policy="all") == ids
    assert shown(reasoner, scene, policy="even", views=3) == [ids[0], ids[4], ids[-1]]
    by_id = {view.id: view for view in scene.views}
    tilts = {number: abs(by_id[number].T_scene_camera[2, 2]) for number in ids}
    flat = shown(reasoner, scene, policy="horizontal", views=3)
    assert max(tilts[n] for n in flat) <= min(tilts[n] for n in ids if n not in flat)
    scores = reasoner.select_views(scene, QUESTION, len(ids))
    utility = {score.view_id: score.utility for score in scores}
    worst = shown(reasoner, scene, policy="bottom", views=3)
    assert max(utility[n] for n in worst) <= min(utility[n] for n in ids if n not in worst)
    best = shown(reasoner, scene, policy="selected", views=1)
    assert best != worst[:1] and len(best) == 1
    # Coverage: the first view is the one that alone sees most of the room.
    [first] = shown(reasoner, scene, policy="coverage", views=1)
    seen = reasoner._scenes.known(scene).prepared.seen.sum(1)
    assert seen[[view.id for view in scene.views].index(first)] == seen.max()
    assert shown(reasoner, scene, policy="even", views=0) == []
    assert shown(reasoner, scene, policy="even", views=99) == ids


@pytest.mark.parametrize("policy", ["selected", "even", "horizontal"])
def test_alone_nothing_is_seen_of_other_pictures(reasoner, scene, policy):
    chosen = shown(reasoner, scene, policy=policy, views=3)
    read = [reasoner._scenes.known(scene)]
    assert shown(reasoner, scene, policy=policy, views=3, alone=True) == chosen
    assert reasoner.switches.name == f"{policy}-3,alone"
    [few] = reasoner._scenes._known
    assert sorted(view.id for view in few.prepared.given.views) == chosen
    assert few.prepared.pictures.color.shape[1] == 3 < read[0].prepared.pictures.color.shape[1]
    few_tokens, all_tokens = few.encoded.tokens, read[0].encoded.tokens
    assert few_tokens.shape == all_tokens.shape and not few_tokens.equal(all_tokens)
    # the answer is that about a map which has no other pictures
    views = [view for view in scene.views if view.id in chosen]
    alone = reasoner.ask(scene, QUESTION).raw
    assert alone == reasoner.switch(Switches()).ask(replace(scene, views=views), QUESTION).raw


def test_modalities_are_taken_away(reasoner, scene):
    assert shown(reasoner, scene, modalities=("points",)) == []
    assert reasoner.detect(scene)
    reasoner.switch(Switches(modalities=("image", "depth")))
    assert reasoner.detect(scene) == []
    whole = reasoner.switch(Switches()).ask(scene, QUESTION)
    texts = {"all": whole.raw}
    for name, modalities in (("text", ()), ("text+image", ("image",))):
        assert reasoner.switch(Switches(modalities=modalities)).switches.name == name
        texts[name] = reasoner.ask(scene, QUESTION).raw
    assert texts["text"] != texts["all"] != texts["text+image"]


def test_without_depth_no_token_has_a_place(reasoner, scene):
    reasoner.switch(Switches(modalities=("image", "points"), policy="even", views=2))
    known = reasoner._scenes.encode([scene], lambda: False)
    from r1_model.asking.question import Question

    [views] = reasoner._chosen_views([Question(scene, QUESTION)], known, [QUESTION])
    assert [view.id for view in views] == [scene.views[0].id, scene.views[-1].id]
    assert not any(view.depth.any() for view in views)
    assert (views[0].color == scene.views[0].color).all() and scene.views[0].depth.any()
    [again] = reasoner._chosen_views([Question(scene, QUESTION)], known, [QUESTION])
    assert again[0] is views[0]  # what was encoded of it is used again


def test_weights_make_the_utility(reasoner, scene):
    reasoner.switch(Switches(weights=(0.5, 0.2, 2.0)))
    for score in reasoner.select_views(scene, QUESTION, 4):
        expected = 0.5 * score.text_3d + 0.2 * score.image_3d + 2.0 * score.clip
        assert score.utility == pytest.approx(expected, abs=1e-5)


def test_seeds_make_the_answer(reasoner, scene):
    def said(seed: int, question: int) -> str:
        reasoner.switch(Switches(temperature=2.5, seed=seed, max_new_tokens=12))
        reasoner.seed(question)
        return reasoner.ask(scene, QUESTION, max_new_tokens=12).raw

    first = said(0, 7)
    others = {said(1, 7), said(0, 8), said(2, 7)}
    assert said(0, 7) == first  # whatever was asked before
    assert others != {first}
    greedy = reasoner.switch(Switches()).ask(scene, QUESTION, max_new_tokens=12).raw
    reasoner.seed(3)
    assert reasoner.ask(scene, QUESTION, max_new_tokens=12).raw == greedy


@pytest.mark.parametrize(
    ("switches", "message"),
    [
        ({"policy": "best"}, "one of selected, bottom"),
        ({"policy": "all", "views": 3}, "`all` has none"),
        ({"views": -1}, "0 or more"),
        ({"modalities": ("image", "sound")}, "some of image, depth, points"),
        ({"modalities": ("image", "image")}, "some of"),
        ({"modalities": ("depth", "points")}, "it needs `image`"),
        ({"weights": (0.3, float("nan"), 0.5)}, "three numbers"),
        ({"temperature": -1.0}, "0 or more"),
        ({"temperature": float("nan")}, "0 or more"),
        ({"seed": -1}, "0 or more"),
        ({"max_new_tokens": 0}, "at least 1"),
    ],
)
def test_impossible_switches_are_named(switches, message):
    with pytest.raises(EvaluationInputError, match=message):
        Switches(**switches)


def test_what_was_switched_has_a_name():
    assert Switches().name == "" and Switches(modalities=MODALITIES).name == ""
    assert Switches(policy="even", views=6).name == "even-6"
    assert Switches(views=4).name == "selected-4"
    name = Switches(weights=(0.3, 0.5, 0.5), temperature=0.7, seed=3).name
    assert name == "weights-0.3-0.5-0.5,temperature-0.7-seed-3"


def test_a_model_without_view_selection_has_no_utility(reasoner):
    kept, reasoner._views.scorer = reasoner._views.scorer, None
    for switches in (Switches(policy="bottom"), Switches(weights=(1.0, 1.0, 1.0))):
        with pytest.raises(EvaluationInputError, match="no trained view selection"):
            reasoner.switch(switches)
    reasoner._views.scorer = kept


def test_choices_by_pose_against_slow_ones(scene):
    views = list(scene.views)
    assert evenly(views, 1) == views[:1]
    tilted = []
    for view, pitch in zip(views, np.radians([5, -40, 0, 30, -10, 60, 2, 89, -3]), strict=True):
        T = np.eye(4)
        T[:3, 2] = (np.cos(pitch), 0, np.sin(pitch))
        tilted.append(replace(view, T_scene_camera=T))
    assert horizontal(tilted, 3) == [tilted[2], tilted[6], tilted[8]]
