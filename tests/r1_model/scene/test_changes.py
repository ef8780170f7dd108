"""What counts as a change of a map: things that come, go, move or are painted; noise does not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from r1_model.scene.changes import (
    CELL_M,
    DENSE,
    LEAST_CELLS,
    SHADES,
    Surface,
    surfaces_differ,
    views_differ,
)
from r1_model.scene.scene import Scene, View

WOOD, RED, WHITE = (150, 110, 70), (200, 30, 30), (235, 235, 235)


def box(center, size, color, spacing=0.01):
    """Points on the faces of a box, and their colours."""
    center, half = np.asarray(center, float), np.asarray(size, float) / 2
    parts = []
    for axis in range(3):
        u, v = (axis + 1) % 3, (axis + 2) % 3
        for side in (-1, 1):
            a, b = np.meshgrid(
                *(np.arange(-half[w], half[w] + spacing / 2, spacing) for w in (u, v)),
                indexing="ij",
            )
            points = np.zeros((a.size, 3))
            points[:, axis], points[:, u], points[:, v] = side * half[axis], a.ravel(), b.ravel()
            parts.append(points + center)
    points = np.concatenate(parts)
    return points, np.tile(np.uint8(color), (len(points), 1))


TABLE = box((0.013, 0.021, 0.35), (1.2, 0.7, 0.7), WOOD)


def seen(*things, noise=0.004, shades=8, seed=0):
    """The table and other things as a camera measures them."""
    rng = np.random.default_rng(seed)
    points, colors = (np.concatenate(part) for part in zip(TABLE, *things, strict=True))
    points = points + rng.normal(0, noise, points.shape)
    colors = np.clip(colors + rng.normal(0, shades, colors.shape), 0, 255)
    return Surface.of(points.astype(np.float32), colors.astype(np.uint8))


def mug(x=0.2, y=0.1, color=RED):
    return box((x, y, 0.7 + 0.05), (0.08, 0.08, 0.1), color)


@pytest.mark.parametrize("seed", range(5))
def test_what_is_measured_again_is_the_same(seed):
    assert not surfaces_differ(seen(mug()), seen(mug(), seed=seed + 1))


@pytest.mark.parametrize(
    "now",
    [
        pytest.param((), id="taken away"),
        pytest.param((mug(), mug(-0.3)), id="one more"),
        pytest.param((mug(0.32),), id="moved by 12 cm"),
        pytest.param((mug(color=WHITE),), id="another one in its place"),
        pytest.param((mug(), box((-0.3, 0.0, 0.704), (0.15, 0.1, 0.008), WHITE)), id="a book"),
        pytest.param((mug(), box((3.0, 0.0, 0.5), (0.1, 0.1, 0.1), WOOD)), id="far away"),
    ],
)
def test_a_change_of_things_is_told(now):
    for offset in np.linspace(0, CELL_M, 4):  # wherever the cells' borders are
        before, after = _shifted(offset, mug()), _shifted(offset, *now)
        assert surfaces_differ(before, after) and surfaces_differ(after, before)


def _shifted(offset, *things):
    points, colors = (np.concatenate(part) for part in zip(TABLE, *things, strict=True))
    return Surface.of((points + offset).astype(np.float32), colors)


def test_clouds_that_cannot_be_compared_differ():
    none = Surface.of(np.empty((0, 3), np.float32), np.empty((0, 3), np.uint8))
    points, colors = box((0, 0, 0), (4, 4, 2), WOOD, spacing=0.1)
    coarse = Surface.of(points.astype(np.float32), colors)
    assert surfaces_differ(none, none) and surfaces_differ(seen(), none)
    assert surfaces_differ(coarse, coarse) and not surfaces_differ(seen(), seen())


def test_points_that_are_far_out_are_no_error():
    points, colors = TABLE
    far = np.float32([[3e38, -3e38, 0], [1e6, 1e6, 1e6]]).repeat(2, 0)
    both = np.concatenate([points.astype(np.float32), far]), np.concatenate([colors, colors[:4]])
    assert not surfaces_differ(Surface.of(*both), Surface.of(*both))


clouds = st.integers(0, 40).flatmap(
    lambda count: st.tuples(
        arrays(np.float32, (count, 3), elements=st.floats(-0.25, 0.25, width=32)),
        arrays(np.uint8, (count, 3), elements=st.sampled_from([0, 30, 60, 120])),
    )
)


@given(clouds, clouds)
def test_it_is_what_the_slow_way_says(before, now):
    surfaces = Surface.of(*before), Surface.of(*now)
    cells = [_cells(*cloud) for cloud in (before, now)]
    for surface, (kept, count) in zip(surfaces, cells, strict=True):
        assert len(surface.cells) == len(kept)
        assert surface.is_dense == (len(kept) > DENSE * count)
        for color, mean in zip(surface.colors, (kept[k] for k in sorted(kept)), strict=True):
            np.testing.assert_allclose(color, mean, atol=1e-3)
    dense = surfaces[0].is_dense and surfaces[1].is_dense
    unlike = _unlike(cells[0][0], cells[1][0]) | _unlike(cells[1][0], cells[0][0])
    assert surfaces_differ(*surfaces) == (not dense or _largest(unlike) >= LEAST_CELLS)


def _cells(points, colors):
    """Cell -> mean colour of those with two points and more, and how many have one."""
    found = {}
    for point, color in zip(points, colors, strict=True):
        cell = tuple(int(np.rint(value / np.float32(CELL_M))) for value in point)
        found.setdefault(cell, []).append(color.astype(float))
    return {cell: np.mean(all, 0) for cell, all in found.items() if len(all) > 1}, len(found)


def _unlike(cells, others):
    found = set()
    for cell, color in cells.items():
        beside = [other for other in others if _are_beside(cell, other)]
        if not any(np.abs(others[other] - color).max() <= SHADES for other in beside):
            found.add(cell)
    return found


def _are_beside(cell, other):
    return max(abs(a - b) for a, b in zip(cell, other, strict=True)) <= 1


def _largest(cells):
    left, most = set(cells), 0
    while left:
        group, edge = set(), {left.pop()}
        while edge:
            group |= edge
            edge = {cell for cell in left if any(_are_beside(cell, one) for one in edge)}
            left -= edge
        most = max(most, len(group))
    return most


def test_cells_that_differ_here_and_there_are_noise():
    points, colors = TABLE
    stray = np.repeat(np.float32([[x, 0, 1.5] for x in np.arange(-2, 2, 0.2)]), 2, 0)
    now = np.concatenate([points, stray]), np.concatenate([colors, colors[: len(stray)]])
    assert not surfaces_differ(seen(noise=0), Surface.of(now[0].astype(np.float32), now[1]))


def test_views_are_the_same_by_number_and_time():
    def view(number, stamp):
        image = np.zeros((2, 2, 3), np.uint8), np.ones((2, 2), np.float32)
        return View(*image, np.eye(3), np.eye(4), id=number, stamp=stamp)

    points = np.zeros((1, 3), np.float32), np.zeros((1, 3), np.uint8)
    scene = Scene(*points, views=[view(1, 10), view(2, 20)])
    assert not views_differ(scene, replace(scene, stamp=7))
    for views in ([view(1, 10)], [view(1, 10), view(3, 20)], [view(1, 10), view(2, 21)], []):
        assert views_differ(scene, replace(scene, views=views))
