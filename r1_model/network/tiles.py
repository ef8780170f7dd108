"""Maps larger than a room, encoded tile by tile.

The scene encoder has so many centres and candidates, whatever they have to cover, and has seen
rooms only. Of two rooms encoded at once it finds a fifth fewer objects, of four rooms half as many
(docs/evaluation.md). So a large map is cut into tiles of a room's size that overlap; each is
encoded as a room is, and what was found belongs to the tile in whose core it lies.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from r1_model.network.dense_decoder import Detections, select_objects
from r1_model.network.modeling import EncodedScene, R1Model
from r1_model.network.scene_encoder import SceneFeatures, pick
from r1_model.pointnet2_ops import furthest_point_sample
from r1_model.scene.sampling import sample_points, voxel_means
from r1_model.scene.scene import Scene

CORE_M = 4.5  # longest side of a core; measured: cores of 3.5 m find as much, of 6 m less
MARGIN_M = 0.6  # of the surroundings that a tile sees beside its core
MOST_TILES = 64  # of a floor of 36 m x 36 m; 48 s on two CPU cores
LEAST_POINTS = 50  # a core with fewer is empty space
NEVER = -50.0  # logit

_Batch = TypeVar("_Batch", SceneFeatures, Detections)


Merged = tuple[SceneFeatures, Detections]


class EncodingStoppedError(Exception):
    """The caller's `should_stop` became true between two tiles."""


@dataclass(frozen=True)
class Tiles:
    """T overlapping parts of a cloud.

    Attributes:
        points: (T, N, 3) float32, metres.
        colors: (T, N, 3) float32, RGB in [0, 1].
        cores: (T, 2, 2) float32, metres: lowest and highest x, y of each tile's core.
    """

    points: Tensor
    colors: Tensor
    cores: Tensor

    def to(self, device: torch.device) -> Tiles:
        """The same on another device."""
        return Tiles(*(part.to(device) for part in (self.points, self.colors, self.cores)))


def needs_tiles(low: np.ndarray, high: np.ndarray, max_extent: float | None) -> bool:
    """Must a scene between these corners, (3,) metres each, be encoded in tiles?

    `max_extent` None: never. A scene of more than MOST_TILES is encoded at once, too: its answers
    are poor, and in tiles they would not come in time.
    """
    if max_extent is None or (high - low)[:2].max() <= max_extent:
        return False
    return int(_counts(low[:2], high[:2]).prod()) <= MOST_TILES


def core_grid(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """(T, 2, 2) float32: equal cores of at most CORE_M that cover low..high, (2,) metres each."""
    counts = _counts(low, high)
    step = (high - low) / counts
    corners = np.array(list(product(*map(range, counts))), np.float64) * step + low
    return np.stack((corners, corners + step), 1).astype(np.float32)


def cut(scene: Scene, count: int) -> Tiles:
    """The tiles of a scene, `count` points each; where there is nothing there is no tile."""
    points, colors = voxel_means(scene.points[scene.not_stray], scene.colors[scene.not_stray])
    cores = core_grid(points[:, :2].min(0), points[:, :2].max(0))
    inside = np.array([_within(points, low, high).sum() for low, high in cores])
    cores = cores[inside >= min(LEAST_POINTS, inside.max())]
    parts = []
    for low, high in cores:
        seen = _within(points, low - MARGIN_M, high + MARGIN_M)
        parts.append(sample_points(points[seen], colors[seen], count))
    return Tiles(
        torch.from_numpy(np.stack([part for part, _ in parts])),
        torch.from_numpy(np.stack([part for _, part in parts])).float() / 255,
        torch.from_numpy(cores),
    )


def owned(xyz: Tensor, cores: Tensor) -> Tensor:
    """Which places belong to the tile that found them: those nearest to its core.

    Args:
        xyz: (T, S, 3) metres, S places of each of T tiles.
        cores: (T, 2, 2) metres.

    Returns:
        (T, S) bool.
    """
    place = xyz[None, ..., :2]  # (1, T, S, 2) against (T, 1, 1, 2)
    low, high = cores[:, None, None, 0], cores[:, None, None, 1]
    gap = torch.maximum(low - place, place - high).clamp(min=0).norm(dim=-1)  # (T, T, S)
    return gap.argmin(0) == torch.arange(len(cores), device=xyz.device)[:, None]


def merge(features: SceneFeatures, found: Detections, cores: Tensor) -> Merged:
    """What was found in T tiles as one scene.

    Args:
        features, found: of a batch of T tiles.
        cores: (T, 2, 2) metres.

    Returns:
        A batch of 1. Candidates that belong to another tile have objectness `NEVER`; the context
        is ordered so that any prefix is a furthest-point sample.
    """
    tiles, points = features.foreground.shape
    objectness = found.objectness.masked_fill(~owned(found.center, cores), NEVER)
    found = Detections(
        **{n: _joined(v) for n, v in vars(replace(found, objectness=objectness)).items()}
    )
    mine = owned(features.context_xyz, cores)
    xyz, context = features.context_xyz[mine][None], features.context[mine][None]
    order = furthest_point_sample(xyz.contiguous(), xyz.shape[1])
    first = torch.arange(tiles, device=xyz.device)[:, None] * points
    joined = {name: _joined(value) for name, value in vars(features).items()}
    joined |= {
        "seed_points": _joined(features.seed_points + first),
        "context": pick(context, order),
        "context_xyz": pick(xyz, order),
    }
    return SceneFeatures(**joined), found


def encode_tiles(
    model: R1Model, tiles: Tiles, bounds: Tensor, should_stop: Callable[[], bool]
) -> EncodedScene:
    """As `R1Model.encode_scene`, for a scene that was cut; indices are into all tiles' points.

    It keeps as many candidates a tile as a room has; the language model is shown the best.

    Args:
        model: the backbone.
        tiles: of the scene.
        bounds: (1, 2, 3) metres, of the whole scene.
        should_stop: asked before each tile.

    Raises:
        EncodingStoppedError: `should_stop` was true.
    """
    scene = model.config.scene_config
    parts = []
    for row in range(len(tiles.cores)):
        if should_stop():
            raise EncodingStoppedError
        features = model.scene_encoder(tiles.points[row : row + 1], tiles.colors[row : row + 1])
        parts.append((features, model.dense_decoder(features)))
    features, found = merge(
        _stacked([part for part, _ in parts]), _stacked([part for _, part in parts]), tiles.cores
    )
    index, score = best_of_tiles(found, len(parts), scene.num_objects, scene.duplicate_iou)
    shown = slice(scene.num_objects)
    tokens = model.scene_tokens(features, found, index[:, shown], score[:, shown], bounds)
    return EncodedScene(features, found, index, score, tokens)


def best_of_tiles(
    found: Detections, tiles: int, count: int, duplicate_iou: float
) -> tuple[Tensor, Tensor]:
    """`select_objects` for a large map: first within each tile, then among what is left.

    Comparing all candidates of 64 tiles with each other would take gigabytes.

    Args:
        found: of `merge`, (1, T * S, ...).
        tiles: T.
        count: candidates to keep of each tile.
        duplicate_iou: see `select_objects`.

    Returns:
        index and score, (1, T * count), best first.
    """
    apart = Detections(**{n: v.view(tiles, -1, *v.shape[2:]) for n, v in vars(found).items()})
    index, _ = select_objects(apart, count, duplicate_iou)
    first = torch.arange(tiles, device=index.device)[:, None] * apart.objectness.shape[1]
    index = _joined(index + first)
    order, score = select_objects(found.pick(index), index.shape[1], duplicate_iou)
    return index.gather(1, order), score


def _counts(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """(2,) int64: tiles along x and y."""
    return np.maximum(np.ceil((high - low) / CORE_M - 1e-6), 1).astype(np.int64)


def _within(points: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """(N, 3) points -> (N,) bool: x and y in low..high, (2,) each."""
    return np.all((points[:, :2] >= low) & (points[:, :2] <= high), axis=1)


def _joined(batch: Tensor) -> Tensor:
    """(T, S, ...) -> (1, T * S, ...)."""
    return batch.flatten(0, 1)[None]


def _stacked(parts: list[_Batch]) -> _Batch:
    """Batches of 1 -> one batch."""
    names = vars(parts[0])
    return type(parts[0])(**{n: torch.cat([getattr(part, n) for part in parts]) for n in names})
