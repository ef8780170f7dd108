import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1_model.geometry.oriented_boxes import turn
from r1_model.scene import walls
from r1_model.scene.scene import LEAST_TURN, Scene, View
from r1_model.scene.walls import upright_directions, walls_yaw


def box_room(yaw, seed=0, noise=0.01, count=30_000):
    """Points of four walls, a floor, and a cylinder that faces everywhere."""
    rng = np.random.default_rng(seed)
    x, y, z = rng.uniform(0, 5, count), rng.uniform(0, 4, count), rng.uniform(0, 2.5, count)
    side = rng.integers(0, 6, count)
    angle = rng.uniform(0, math.tau, count)
    points = np.stack((x, y, z), 1)
    for k, (axis, place) in enumerate(((0, 0), (0, 5), (1, 0), (1, 4), (2, 0))):
        points[side == k, axis] = place
    round_ = np.stack((2.5 + 0.4 * np.cos(angle), 2 + 0.4 * np.sin(angle), z), 1)
    points[side == 5] = round_[side == 5]
    points += rng.normal(0, noise, points.shape)
    return (points @ turn(yaw)[:3, :3].T + (3, -7, 1)).astype(np.float32)


def slow_directions(points):
    """The readable way: cell by cell, as the singular vectors of its points."""
    local = points.astype(np.float64) - points.min(0)
    cells = {}
    for point, cell in zip(local, np.floor(local / walls.CELL_M).astype(int).tolist(), strict=True):
        cells.setdefault(tuple(cell), []).append(point)
    found = []
    for inside in (np.array(cells[key]) for key in sorted(cells)):
        if len(inside) < walls.FEW:
            continue
        _, length, axes = np.linalg.svd(inside - inside.mean(0), full_matrices=False)
        if length[2] ** 2 > walls.FLAT * length[1] ** 2 or abs(axes[2, 2]) > walls.UPRIGHT:
            continue
        found.append((math.atan2(axes[2, 1], axes[2, 0]), len(inside)))
    return found


@pytest.mark.parametrize("seed", range(3))
def test_every_cell_votes_as_its_singular_vectors_say(seed):
    points = box_room(0.3 * seed, seed, count=9_000)
    angles, weights = upright_directions(points)
    slow = slow_directions(points)
    assert len(slow) == len(angles) > 50
    assert [count for _, count in slow] == weights.tolist()
    off = np.array([angle for angle, _ in slow]) - angles  # a normal and its opposite are one
    assert np.abs(np.sin(off)).max() < 1e-6


@settings(max_examples=40, deadline=None)
@given(yaw=st.floats(-4, 4), seed=st.integers(0, 99), noise=st.floats(0, 0.02))
def test_walls_are_found_at_every_yaw(yaw, seed, noise):
    found = walls_yaw(box_room(yaw, seed, noise))
    assert found is not None and -math.pi / 4 < found <= math.pi / 4
    assert abs(math.remainder(found - yaw, math.pi / 2)) < math.radians(1.5)


def test_where_nothing_tells_there_is_no_direction():
    rng = np.random.default_rng(0)
    angle, z = rng.uniform(0, math.tau, 20_000), rng.uniform(0, 2, 20_000)
    tower = np.stack((2 * np.cos(angle), 2 * np.sin(angle), z), 1)
    floor = rng.uniform(0, 4, (20_000, 3)) * (1, 1, 0)
    few = box_room(0.2, count=40)
    empty = np.zeros((0, 3))
    for points in (tower, floor, few, empty, floor[:1]):
        assert walls_yaw(points.astype(np.float32)) is None


def scene(points, views=()):
    return Scene(points, np.zeros((len(points), 3), np.uint8), views=list(views))


def test_an_aligned_scene_has_its_walls_along_the_axes():
    turned = scene(box_room(0.6))
    assert turned.alignment == pytest.approx(-0.6, abs=0.02)
    assert abs(walls_yaw(turned.aligned.points)) < 0.02
    assert turned.aligned is turned.aligned  # made once
    nearly = scene(box_room(LEAST_TURN * 0.7))
    assert nearly.alignment == 0 and nearly.aligned is nearly
    flat = scene(box_room(0.6)[:5])
    assert flat.alignment == 0 and flat.aligned is flat


def test_a_turned_scene_has_its_cameras_turned_with_it():
    rng = np.random.default_rng(0)
    view = View(np.zeros((6, 8, 3), np.uint8), np.ones((6, 8), np.float32), np.eye(3), np.eye(4))
    points = rng.normal(size=(50, 3)).astype(np.float32)
    first = Scene(points, np.zeros((50, 3), np.uint8), normals=points.copy(), views=[view])
    there = first.turned(0.7)
    inverse = np.linalg.inv(there.views[0].T_scene_camera)
    seen = there.points @ inverse[:3, :3].T + inverse[:3, 3]
    assert np.allclose(seen, first.points, atol=1e-5)
    assert np.allclose(there.normals, there.points)
    assert first.turned(0) is first
    assert np.allclose(there.turned(-0.7).points, first.points, atol=1e-5)
