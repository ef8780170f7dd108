"""Cuts of views against a slow twin, and what they change."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch

from r1_model.errors import InvalidConfigError
from r1_model.network.config import R1SceneConfig
from r1_model.network.looks import (
    LEAST_SEEN,
    PROBES,
    SLACK,
    Cuts,
    Looks,
    Pictures,
    Reader,
    best_views,
    cut_out,
)
from r1_model.network.modeling import R1ForConditionalGeneration
from tests.r1_model.small import scene_tokenizer, seeded, small_config


def looking_at(eye: np.ndarray, target: np.ndarray) -> np.ndarray:
    forward = (target - eye) / np.linalg.norm(target - eye)
    right = np.cross(forward, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    T = np.eye(4)
    T[:3, :3] = np.stack((right, np.cross(forward, right), forward), 1)
    T[:3, 3] = eye
    return T


def box_pictures(
    eyes: np.ndarray, center: np.ndarray, size: np.ndarray, scale: int = 1
) -> Pictures:
    """Views of one box in the void; its x, y, z on the surface are the colours."""
    height, width = 48, 64
    K = np.array([[60.0, 0, 31.5], [0, 60.0, 23.5], [0, 0, 1]])
    colors, depths, poses = [], [], []
    rows, columns = np.mgrid[:height, :width]
    rays = np.stack(((columns - 31.5) / 60, (rows - 23.5) / 60, np.ones((height, width))), -1)
    for eye in eyes:
        T = looking_at(eye, center)
        world = rays @ T[:3, :3].T
        with np.errstate(divide="ignore"):
            one, two = ((center + s * size / 2 - eye) / world for s in (-1, 1))
        near, far = np.minimum(one, two).max(-1), np.maximum(one, two).min(-1)
        depth = np.where((near < far) & (near > 0), near, 0).astype(np.float32)
        place = (eye + world * depth[..., None] - center) / size + 0.5
        color = np.where(depth[..., None] > 0, np.clip(place, 0, 1) * 200 + 55, 0)
        colors.append(color.astype(np.uint8).repeat(scale, 0).repeat(scale, 1))
        depths.append(depth)
        poses.append(T)
    stacked = (np.stack(part)[None] for part in (colors, depths))
    count = len(eyes)
    return Pictures(
        *map(torch.from_numpy, stacked),
        torch.from_numpy(K).float().expand(1, count, 3, 3),
        torch.from_numpy(np.stack(poses)).float()[None],
    )


CENTER, SIZE = np.array([0.2, 0.1, 0.5]), np.array([0.4, 0.3, 0.5])
BOX = torch.tensor(CENTER).float().view(1, 1, 3), torch.tensor(SIZE).float().view(1, 1, 3)


def slow_seen(pictures: Pictures, view: int) -> tuple[float, np.ndarray, np.ndarray]:
    """Share of probes inside the box, and its picture's corners; one probe after the other."""
    T = pictures.T_scene_camera[0, view].double().numpy()
    K, depth = pictures.K[0, view].double().numpy(), pictures.depth[0, view].numpy()
    height, width = depth.shape
    pixels = []
    for signs in np.ndindex(2, 2, 2):
        corner = T[:3, :3].T @ (CENTER + (np.array(signs) - 0.5) * SIZE - T[:3, 3])
        pixels.append((K @ corner)[:2] / corner[2])
    low = np.clip(np.min(pixels, 0), 0, [width, height])
    high = np.clip(np.max(pixels, 0), 0, [width, height])
    inside = 0
    for i, j in np.ndindex(PROBES, PROBES):
        u, v = low + (np.array([i, j]) + 0.5) / PROBES * (high - low)
        z = depth[int(v), int(u)]
        point = T[:3, :3] @ (z * np.array([(u - K[0, 2]) / K[0, 0], (v - K[1, 2]) / K[1, 1], 1]))
        inside += z > 0 and (np.abs(point + T[:3, 3] - CENTER) <= SIZE / 2 + SLACK).all()
    return inside / PROBES**2, low, high


def test_the_share_that_is_seen_and_the_cut_are_the_slow_ones():
    pictures = box_pictures(np.array([[1.5, -1.0, 1.2]]), CENTER, SIZE)
    cuts = best_views(pictures, *BOX)
    seen, low, high = slow_seen(pictures, 0)
    assert seen > 0.5 and cuts.seen.item() == pytest.approx(seen, abs=1e-6)
    middle = cuts.middle[0, 0].numpy() * [64, 48]
    assert np.allclose(middle, (low + high) / 2, atol=1e-3)
    assert cuts.side.item() * 64 == pytest.approx(1.1 * (high - low).max(), rel=1e-4)


def test_the_nearest_free_view_is_chosen():
    eyes = np.array([[2.5, -2.0, 1.2], [0.9, -0.8, 1.0], [1.8, -1.5, 1.2]])
    pictures = box_pictures(eyes, CENTER, SIZE)
    assert best_views(pictures, *BOX).view.item() == 1
    hidden = pictures.depth.clone()
    hidden[0, 1] = hidden[0, 1].clamp(max=0.3)  # something stands before it
    behind = Pictures(pictures.color, hidden, pictures.K, pictures.T_scene_camera)
    assert best_views(behind, *BOX).view.item() == 2


def test_what_is_behind_all_cameras_is_not_seen():
    pictures = box_pictures(np.array([[1.5, -1.0, 1.2]]), CENTER, SIZE)
    behind = torch.tensor([[[3.0, -2.0, 1.9]]]), BOX[1]
    assert best_views(pictures, *behind).seen.item() == 0


def test_finer_colour_gives_the_same_cut():
    eyes = np.array([[1.5, -1.0, 1.2]])
    coarse, fine = (box_pictures(eyes, CENTER, SIZE, scale) for scale in (1, 3))
    cuts = best_views(coarse, *BOX), best_views(fine, *BOX)
    assert torch.equal(cuts[0].middle, cuts[1].middle) and torch.equal(cuts[0].side, cuts[1].side)
    small, large = (cut_out(p, c, 32) for p, c in zip((coarse, fine), cuts, strict=True))
    assert (small - large).abs().mean() < 0.03


def slow_cut(image: np.ndarray, middle: np.ndarray, side: float, size: int) -> np.ndarray:
    """Bilinear samples of one square, pixel by pixel, from the image as it is."""
    height, width = image.shape[:2]
    out = np.zeros((size, size, 3))
    for i, j in np.ndindex(size, size):
        v = middle[1] * height + ((i + 0.5) / size - 0.5) * side * width - 0.5
        u = middle[0] * width + ((j + 0.5) / size - 0.5) * side * width - 0.5
        for y, x in np.ndindex(2, 2):
            row, column = int(np.floor(v)) + y, int(np.floor(u)) + x
            weight = (1 - abs(v - row)) * (1 - abs(u - column))
            out[i, j] += weight * image[np.clip(row, 0, height - 1), np.clip(column, 0, width - 1)]
    return out / 255


@pytest.mark.parametrize("side", [0.2, 0.9])
def test_a_cut_is_the_slow_ones(side):
    rng = np.random.default_rng(1)
    image = rng.integers(0, 256, (2, 30, 40, 3), dtype=np.uint8)
    pictures = Pictures(torch.from_numpy(image)[None], *(torch.zeros(1, 2, 3, 3),) * 3)
    cuts = Cuts(
        view=torch.tensor([[1]]),
        middle=torch.tensor([[[0.1, 0.8]]]),
        side=torch.tensor([[side]]),
        seen=torch.ones(1, 1),
    )
    found = cut_out(pictures, cuts, 32)[0, 0].permute(1, 2, 0).numpy()
    assert np.allclose(found, slow_cut(image[1], np.array([0.1, 0.8]), side, 32), atol=1e-4)


def test_a_large_cut_misses_no_stripe():
    """Stripes of one pixel are grey in a cut of a quarter of the size."""
    stripes = torch.zeros(1, 1, 256, 256, 3, dtype=torch.uint8)
    stripes[..., ::2, :] = 255
    whole = Cuts(
        view=torch.zeros(1, 1, dtype=torch.long),
        middle=torch.full((1, 1, 2), 0.5),
        side=torch.ones(1, 1),
        seen=torch.ones(1, 1),
    )
    found = cut_out(Pictures(stripes, *(torch.zeros(1, 1, 3, 3),) * 3), whole, 64)
    assert (found - 0.5).abs().max() < 0.01


@pytest.fixture(scope="module", params=[None, 32], ids=["looks", "reads"])
def model(request) -> R1ForConditionalGeneration:
    config = small_config(scene_tokenizer())
    config.scene_config.look_size, config.scene_config.read_width = 32, request.param
    return seeded(lambda: R1ForConditionalGeneration(config)).eval()


def inputs() -> dict[str, torch.Tensor | Pictures]:
    generator = torch.Generator().manual_seed(3)
    points, colors = (torch.rand(1, 1_024, 3, generator=generator) for _ in range(2))
    eyes = np.array([[2.5, -2.0, 1.2], [0.9, -1.8, 1.0]])
    bounds = torch.stack((points.amin(1), points.amax(1)), 1)
    pictures = box_pictures(eyes, np.full(3, 0.5), np.ones(3))
    return {"points": points, "colors": colors, "bounds": bounds, "pictures": pictures}


@torch.no_grad()
def test_new_looks_change_nothing(model):
    cloud = inputs()
    looked = model.model.encode_scene(**cloud)
    blind = model.model.encode_scene(**{**cloud, "pictures": None})
    assert torch.equal(looked.found.category, blind.found.category)
    assert torch.equal(looked.tokens, blind.tokens)


@torch.no_grad()
def test_pictures_change_kept_labels_alone(model):
    trained = copy.deepcopy(model)
    for layer in (trained.model.looks.feature, trained.model.looks.classes):
        torch.nn.init.normal_(layer.weight, std=0.1)
    cloud = inputs()
    looked = trained.model.encode_scene(**cloud)
    blind = trained.model.encode_scene(**{**cloud, "pictures": None})
    assert torch.equal(looked.found.center, blind.found.center)
    changed = (looked.found.category != blind.found.category).any(-1)[0].nonzero()[:, 0]
    assert len(changed) and set(changed.tolist()) <= set(looked.index[0].tolist())
    after = trained.model.looked_at(blind, cloud["bounds"], cloud["pictures"])
    assert torch.equal(after.tokens, looked.tokens)
    # black pictures of the same place say something else
    black = cloud["pictures"]
    dark = Pictures(torch.zeros_like(black.color), black.depth, black.K, black.T_scene_camera)
    other = trained.model.encode_scene(**{**cloud, "pictures": dark})
    assert not torch.equal(looked.tokens, other.tokens)


def test_what_no_view_shows_keeps_its_labels(model):
    trained = copy.deepcopy(model)
    torch.nn.init.normal_(trained.model.looks.classes.weight)
    cloud = inputs()
    away = cloud["pictures"].T_scene_camera.clone()
    away[..., :3, 3] += 50
    nowhere = Pictures(*(getattr(cloud["pictures"], n) for n in ("color", "depth", "K")), away)
    with torch.no_grad():
        looked = trained.model.encode_scene(**{**cloud, "pictures": nowhere})
        blind = trained.model.encode_scene(**{**cloud, "pictures": None})
    assert LEAST_SEEN > 0 and torch.equal(looked.found.category, blind.found.category)


def test_the_backbone_keeps_its_statistics_in_training(model):
    looks = copy.deepcopy(model.model.looks).train()
    assert not any(module.training for module in looks.backbone.modules())


def test_a_cut_of_no_size_is_refused():
    with pytest.raises(InvalidConfigError, match="look_size must be 32"):
        R1SceneConfig(look_size=0)


@pytest.mark.parametrize(
    ("sizes", "fault"),
    [
        ({"look_size": 32, "read_width": 24}, "read_width is 24, no multiple"),
        ({"look_size": 32, "read_width": 0}, "read_width must be 1"),
        ({"read_width": 32}, "without look_size there is nothing to read"),
    ],
)
def test_a_reader_that_cannot_be_is_refused(sizes, fault):
    with pytest.raises(InvalidConfigError, match=fault):
        R1SceneConfig(**sizes)


def test_a_reader_finds_a_mark_wherever_it_is():
    reader = seeded(lambda: Reader(32)).eval()
    paper = torch.zeros(3, 3, 64, 64)
    paper[1, :, 24:32, 24:32] = 4.0
    paper[2, :, 32:40, 40:48] = 4.0
    with torch.no_grad():
        bare, here, there = reader(paper)
    assert reader.channels == len(bare) == 64
    # the edges of the cut are all that differs
    assert (here - there).norm() < 0.05 * here.norm() < 0.1 * (here - bare).norm()


def test_looks_have_the_labels_of_the_decoder():
    config = R1SceneConfig(categories=["a", "b"], look_size=32)
    assert Looks(config, 32).classes.out_features == 2 + 3
