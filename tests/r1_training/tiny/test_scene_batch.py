from __future__ import annotations

import numpy as np
import pytest
import torch

from r1_model.conversation import R1Processor
from r1_model.network.config import R1Config
from r1_model.scene.scene import Scene, View
from r1_training.common.labels import NAMES, STATES
from r1_training.synthetic.camera.observe import observe_batch
from r1_training.synthetic.camera.packed_rooms import pack_rooms
from r1_training.synthetic.camera.tops import SHOWN
from r1_training.synthetic.rooms.room import make_room
from r1_training.tiny.batches import make_prefix
from r1_training.tiny.scene_batch import (
    Seen,
    cloud_bounds,
    hide_unread,
    scene_targets,
    view_inputs,
)


@pytest.fixture(scope="module")
def config(room_model) -> R1Config:
    return R1Config.from_pretrained(room_model)


@pytest.fixture(scope="module")
def observed() -> dict[str, torch.Tensor]:
    rooms = [make_room(seed, "train") for seed in (4, 9)]
    return observe_batch(
        pack_rooms(rooms, views=3), 1, views=3, height=60, width=80, points=4_096, keep_views=2
    )


def scene_of(observed: dict[str, torch.Tensor], row: int) -> Scene:
    """The same observation as a node would hand it over."""
    return Scene(
        points=observed["points"][row].numpy(),
        colors=observed["colors"][row].numpy(),
        views=[
            View(
                color=observed["view_color"][row, k].numpy(),
                depth=observed["view_depth"][row, k].numpy(),
                K=observed["view_K"][row, k].double().numpy(),
                T_scene_camera=observed["view_T"][row, k].double().numpy(),
                id=k,
            )
            for k in range(observed["view_color"].shape[1])
        ],
    )


def test_views_are_those_that_a_question_would_show(config, observed, room_words):
    """Training and use must not differ: here a batch of rooms, there one scene at a time."""
    bounds = cloud_bounds(observed["points"])
    batch = view_inputs(observed, bounds, config)
    processor = R1Processor(room_words, config)
    scenes = [scene_of(observed, row) for row in range(2)]
    single = [processor(scene, scene.views, "Where?") for scene in scenes]
    for row, scene in enumerate(scenes):
        low, high = scene.bounds()
        assert np.allclose(bounds[row, 0], low) and np.allclose(bounds[row, 1], high)
    assert batch["view_grids"] == [grid for inputs in single for grid in inputs.view_grids]
    for name in ("patches", "view_positions", "view_positions_valid"):
        expected = torch.cat([getattr(inputs, name) for inputs in single])
        assert torch.allclose(batch[name].float(), expected.float(), atol=1e-4), name
    assert batch["view_positions_valid"].any()


def test_prefix_and_question_are_those_of_the_processor(config, observed, room_words):
    scene = scene_of(observed, 0)
    inputs = R1Processor(room_words, config)(scene, scene.views, "Where is it?")
    prefix = make_prefix(room_words, config, 2)
    rest = "Where is it?<|im_end|>\n<|im_start|>assistant\n"
    rest = room_words(rest, add_special_tokens=False)["input_ids"]
    assert inputs.input_ids[0].tolist() == [*prefix.ids, *rest]
    own = prefix.next_position + np.arange(len(rest))
    positions = np.concatenate((prefix.positions, np.tile(own, (3, 1))), 1)
    assert inputs.position_ids[:, 0].tolist() == positions.tolist()


def test_what_no_ray_met_counts_as_structure(observed):
    count = len(observed["points"])
    labels = {name: torch.zeros(count, 2, 3) for name in ("center", "size")}
    labels |= {name: torch.zeros(count, 2).long() for name in ("category", "color", "material")}
    instance = torch.tensor([[-1, 0, 2]] * count, dtype=torch.int16)
    targets = scene_targets({**labels, "states": torch.zeros(count, 2, 4).long()}, instance)
    assert targets.instance.tolist() == [[0, 0, 2]] * count
    assert targets.instance.dtype == torch.int64
    assert targets.category is labels["category"]


def test_bounds_are_the_corners_of_the_cloud():
    points = torch.tensor([[[0.0, 5, -1], [2, 1, 3], [1, 2, 0]], [[1, 1, 1], [1, 1, 1], [0, 2, 1]]])
    assert cloud_bounds(points).tolist() == [[[0, 1, -1], [2, 5, 3]], [[0, 1, 1], [1, 2, 1]]]


def test_a_question_about_a_print_is_trained_where_its_print_can_be_read():
    seen = Seen(
        points=torch.tensor([[50, 50, 50]]),
        readable=torch.tensor([[True, False, True]]),
        unread=torch.tensor([[False, True, False]]),
        tops=torch.tensor([[0, 3, 9]]),
    )
    lists = torch.tensor([[[0, -1], [0, 1], [2, 0], [-1, -1]]])
    assert Seen.all_of(seen.readable, lists).tolist() == [[True, False, True, True]]
    assert Seen.all_of(seen.unread, lists).tolist() == [[False, False, False, True]]
    assert Seen.all_of(seen.points >= 60, lists).tolist() == [[False, False, False, True]]
    assert Seen.all_of(seen.tops >= SHOWN, lists).tolist() == [[False, False, False, True]]
    assert Seen.all_of(seen.tops == 0, lists).tolist() == [[True, False, False, True]]


def test_a_print_that_no_view_shows_is_no_label():
    states = torch.zeros(1, 3, len(NAMES["states"]), dtype=torch.int64)
    states[0, :2, len(STATES) + 4] = 1
    states[0, 0, 0] = 1
    hidden = hide_unread(states, torch.tensor([[False, True, False]]))
    assert (hidden[0, 0, len(STATES) :] == -1).all() and hidden[0, 0, 0] == 1
    assert torch.equal(hidden[0, 1:], states[0, 1:])  # what bears no print says so, seen or not
