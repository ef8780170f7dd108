import math

import numpy as np
import pytest
import torch

from r1_training.synthetic.camera import trajectories
from r1_training.synthetic.camera.trajectories import (
    WALKED,
    intrinsics,
    look_at,
    sample_views,
    smooth_path,
)
from r1_training.synthetic.household.rooms import make_household_room
from r1_training.synthetic.rooms.room import make_room
from tests.r1_training.synthetic.household.packs import small_pack


def test_look_at_puts_the_target_on_the_optical_axis():
    rng = np.random.default_rng(0)
    eye, target = rng.normal(size=(20, 3)), rng.normal(size=(20, 3)) + 3
    T = look_at(eye, target, rng.normal(size=20))
    assert np.allclose(T[:, :3, :3] @ T[:, :3, :3].transpose(0, 2, 1), np.eye(3))
    assert np.allclose(np.linalg.det(T[:, :3, :3]), 1.0)
    seen = np.einsum("nji,nj->ni", T[:, :3, :3], target - eye)
    assert np.allclose(seen[:, :2], 0.0, atol=1e-9) and (seen[:, 2] > 0).all()


def test_image_y_points_down():
    T = look_at(np.zeros(3), np.array([0.0, 1.0, 0.0]))
    assert T[2, 1] < -0.99


def test_intrinsics_have_the_asked_field_of_view():
    K = intrinsics(torch.tensor(1.2), 480, 640)
    assert math.isclose(2 * math.atan(320 / K[0, 0].item()), 1.2, rel_tol=1e-5)
    assert K[0, 0] == K[1, 1] and K[0, 2] == 319.5 and K[1, 2] == 239.5


def test_cameras_stay_inside_of_the_room_and_outside_of_objects():
    inside = 0
    for seed in range(40):
        room = make_room(seed)
        T, fov = sample_views(room, np.random.default_rng(seed), 12)
        path, _ = smooth_path(room, np.random.default_rng(seed), 40)
        assert math.radians(55) <= fov <= math.radians(75)
        for poses in (T, path):
            eye = poses[:, :3, 3]
            local = (eye - room.T_map_room[:3, 3]) @ room.T_map_room[:3, :3]
            assert (np.abs(local[:, :2]) < room.size[:2] / 2).all()
            assert (local[:, 2] > 0.3).all() and (local[:, 2] < room.size[2]).all()
        for item in room.objects:
            away = np.abs(T[:, :3, 3] - item.center) - item.size / 2
            inside += int((away < 0).all(1).sum())
    assert inside <= 5  # of 480 views; crowded rooms leave no choice


def test_a_recording_moves_smoothly():
    room = make_room(1)
    T, _ = smooth_path(room, np.random.default_rng(0), 80)
    steps = np.linalg.norm(np.diff(T[:, :3, 3], axis=0), axis=1)
    turns = np.arccos(np.clip((T[1:, :3, 2] * T[:-1, :3, 2]).sum(1), -1, 1))
    assert steps.max() < 0.5 and np.degrees(turns.max()) < 35


def test_a_third_of_the_training_rooms_of_meshes_is_walked_through(tmp_path, monkeypatch):
    pack, walks = small_pack(tmp_path), []

    def watched(*arguments):
        walks.append(smooth_path(*arguments))
        return walks[-1]

    monkeypatch.setattr(trajectories, "smooth_path", watched)
    rooms = [make_household_room(3, pack, split, rooms=1) for split in ("train", "test")]
    found = []
    for room in (*rooms, make_room(1, "train")):
        walks.clear()
        for seed in range(60):
            T, _ = sample_views(room, np.random.default_rng(seed), 24)
            assert T.shape == (24, 4, 4)
        found.append(len(walks) / 60)
    assert found == [pytest.approx(WALKED, abs=0.15), 0, 0]


def test_equal_seeds_give_equal_cameras():
    room = make_room(2)
    a, b = (sample_views(room, np.random.default_rng(9), 6)[0] for _ in range(2))
    assert np.array_equal(a, b)
