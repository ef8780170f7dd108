import numpy as np
import pytest
import torch

from r1_model.geometry.torch_boxes import aabb_iou
from r1_model.network.dense_decoder import Detections, select_objects
from r1_model.network.depth_positions import DepthPositions, patch_positions
from r1_model.network.scene_tokens import LEVELS, CoordinateEmbedding, normalise_boxes
from r1_model.text.grammar import quantise_box

BOUNDS = torch.tensor([[[-2.0, 1.0, 0.0], [3.0, 4.0, 2.5]]])


def test_levels_are_those_of_the_grammar():
    """What the model reads of a box and what it has to say of it are the same numbers."""
    torch.manual_seed(0)
    center, size = torch.rand(1, 50, 3) * 5 - 1, torch.rand(1, 50, 3) * 2
    levels = normalise_boxes(center, size, BOUNDS)[0].round()
    corners = tuple(BOUNDS[0].double().numpy())
    for row in range(50):
        expected = quantise_box(center[0, row].numpy(), size[0, row].numpy(), corners)
        assert levels[row].tolist() == expected.tolist()


def test_a_flat_scene_gives_finite_levels():
    flat = torch.tensor([[[0.0, 0, 0], [1, 1, 0]]])
    levels = normalise_boxes(torch.ones(1, 1, 3), torch.ones(1, 1, 3), flat)
    assert levels.min() >= 0 and levels.max() <= LEVELS - 1


def test_coordinates_lie_between_those_of_their_neighbouring_levels():
    torch.manual_seed(0)
    embedding = CoordinateEmbedding(8)
    below, above = torch.full((1, 1, 6), 17.0), torch.full((1, 1, 6), 18.0)
    low, high = embedding(below), embedding(above)
    assert not torch.allclose(low, high, atol=1e-3)
    assert torch.allclose(embedding(below + 0.25), 0.75 * low + 0.25 * high, atol=1e-5)
    top = embedding(torch.full((1, 1, 6), 255.0))  # the last level has no neighbour above
    assert torch.isfinite(top).all()
    assert not torch.allclose(top, embedding(torch.full((1, 1, 6), 254.0)), atol=1e-3)


def test_places_of_patches_against_a_loop():
    rng = np.random.default_rng(0)
    depth = rng.uniform(0.5, 3, (12, 18)).astype(np.float32)
    depth[rng.random(depth.shape) < 0.4] = 0
    depth[:4, :6] = 0  # a whole cell without depth
    K = np.array([[20.0, 0, 9], [0, 21, 6], [0, 0, 1]])
    T = np.array([[0.0, 0, 1, 2], [-1, 0, 0, 3], [0, -1, 0, 1.5], [0, 0, 0, 1]])
    positions, valid = patch_positions(
        torch.from_numpy(depth)[None], torch.from_numpy(K)[None], torch.from_numpy(T)[None], 3, 3
    )
    assert positions.shape == (1, 9, 3) and valid.dtype == torch.bool
    for cell in range(9):
        points = []
        for v in range(cell // 3 * 4, cell // 3 * 4 + 4):
            for u in range(cell % 3 * 6, cell % 3 * 6 + 6):
                z = depth[v, u]
                if z > 0:
                    camera = [(u - K[0, 2]) / K[0, 0] * z, (v - K[1, 2]) / K[1, 1] * z, z, 1]
                    points.append((T @ camera)[:3])
        assert bool(valid[0, cell]) is bool(points)
        expected = np.mean(points, 0) if points else np.zeros(3)
        assert positions[0, cell].numpy() == pytest.approx(expected, abs=1e-4)
    assert not valid[0, 0] and valid[0, 1:].all()


def test_a_patch_without_depth_adds_nothing():
    torch.manual_seed(0)
    module = DepthPositions(8)
    torch.nn.init.normal_(module.mlp[2].weight)
    places = torch.rand(2, 3, 3)
    valid = torch.tensor([[True, False, True], [False, False, False]])
    found = module(places, valid)
    assert (found[~valid] == 0).all() and (found[valid] != 0).any(-1).all()


def detections(count: int) -> Detections:
    torch.manual_seed(3)
    labels = torch.zeros(2, count, 1)
    return Detections(
        objectness=torch.randn(2, count),
        category=labels,
        color=labels,
        material=labels,
        states=labels,
        center=torch.rand(2, count, 3),
        size=torch.rand(2, count, 3) * 0.6 + 0.2,
    )


@pytest.mark.parametrize("most", [0.05, 0.35])
def test_duplicates_go_against_a_loop(most):
    found = detections(30)
    index, score = select_objects(found, 12, most)
    better, worse = ((found.center.unsqueeze(n), found.size.unsqueeze(n)) for n in (2, 1))
    overlap = aabb_iou(*better, *worse)
    for scene in range(2):
        sure = found.objectness[scene].sigmoid().tolist()
        order = sorted(range(30), key=lambda row: -sure[row])
        kept = [
            row
            for place, row in enumerate(order)
            if all(overlap[scene, row, better] <= most for better in order[:place])
        ]
        assert 1 < len(kept) < 30
        assert index[scene, : len(kept)].tolist() == kept[:12]
        expected = [sure[row] for row in kept] + [0.0] * 12
        assert score[scene].tolist() == pytest.approx(expected[:12])


def test_picked_detections_are_rows_of_the_others():
    found = detections(10)
    index = torch.tensor([[3, 1], [0, 9]])
    picked = found.pick(index)
    for scene in range(2):
        for place, row in enumerate(index[scene].tolist()):
            assert torch.equal(picked.center[scene, place], found.center[scene, row])
            assert torch.equal(picked.objectness[scene, place], found.objectness[scene, row])
