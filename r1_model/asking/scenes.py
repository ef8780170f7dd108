"""Scenes that were encoded: each is, once, however many questions are about it."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from r1_model.conversation import R1Processor
from r1_model.errors import EmptySceneError
from r1_model.network.dense_decoder import Detections
from r1_model.network.graphed import Graphed
from r1_model.network.looks import Pictures
from r1_model.network.modeling import EncodedScene, R1ForConditionalGeneration
from r1_model.network.scene_encoder import SceneFeatures
from r1_model.network.tiles import cut, encode_tiles, needs_tiles
from r1_model.scene.scene import Scene, View
from r1_model.text.answer import Box
from r1_model.views.render_views import with_rendered_views
from r1_model.views.visibility import seen_voxels

# rooms in one pass; on a CPU each is one, so that it is encoded as if it were alone
AT_ONCE = {"cuda": 8, "cpu": 1}
MOST_THREADS = 16
ROUND = 8  # views: `Graphed.MOST` graphs are those of 8, 16, 24 views and of none

_Batch = TypeVar("_Batch", SceneFeatures, Detections)


@dataclass
class ScenePreparation:
    """What a CPU makes of a scene before it is encoded.

    Attributes:
        given: as the caller gave it.
        yaw: radians by which it was turned about z (`R1Config.align_to_walls`); 0: it was not.
        scene: turned, and with rendered views where it came without: a robot with a bare point
            cloud still gets views to look at.
        cloud: see `R1Processor.cloud`.
        pictures: see `R1Processor.pictures`; of its own views, rendered ones show nothing new.
        coming: what another thread is finding out of its views; None: nothing.
    """

    given: Scene
    yaw: float
    scene: Scene
    cloud: tuple[Tensor, Tensor, Tensor]
    pictures: Pictures | None
    coming: Future[np.ndarray] | None = None

    @cached_property
    def seen(self) -> np.ndarray:
        """`visibility.seen_voxels` of its views."""
        return seen_voxels(self.scene.views) if self.coming is None else self.coming.result()

    @property
    def low(self) -> Tensor:
        """(3,) metres, minimum corner of its bounds."""
        return self.cloud[2][0, 0]


@dataclass
class KnownScene:
    """A scene that was encoded.

    Attributes:
        prepared: what was known before.
        points: (1, N, 3), all that were encoded.
        encoded: what the model made of them.
        doubtful: detections in it, the unlikely ones, too; None before they are asked for.
    """

    prepared: ScenePreparation
    points: Tensor
    encoded: EncodedScene
    doubtful: list[Box] | None = field(default=None)

    @property
    def scene(self) -> Scene:
        """As the model reads it: with views, and turned where it is aligned to the walls."""
        return self.prepared.scene

    @property
    def yaw(self) -> float:
        """Radians by which it was turned about z; answers are turned back."""
        return self.prepared.yaw


class Scenes:
    """The scenes of the last questions, by who they are: an equal one is another one.

    Args:
        model: what encodes.
        processor: makes its inputs.
    """

    def __init__(self, model: R1ForConditionalGeneration, processor: R1Processor) -> None:
        self._model, self._processor = model, processor
        self._graph = Graphed(self._encode_tensors)
        self._known: list[KnownScene] = []
        self._coming: dict[int, Future[ScenePreparation]] = {}
        self._pool: ThreadPoolExecutor | None = None

    def clear(self) -> None:
        """Forget all scenes."""
        self._known = []
        self._coming.clear()
        self._graph.clear()

    def known(self, scene: Scene) -> KnownScene:
        """A scene, encoded now unless it was.

        Raises:
            EmptySceneError: it has no points.
        """
        return self.encode([scene], lambda: False)[0]

    def read(self, scene: Scene) -> KnownScene:
        """The one of which this is `KnownScene.scene`.

        Raises:
            KeyError: it is of none that is still known.
        """
        for one in self._known:
            if scene is one.scene:
                return one
        raise KeyError(f"no scene of {len(scene.points)} points is read now")

    def prepare_ahead(self, scenes: Sequence[Scene]) -> None:
        """Let other threads do the CPU's part of what `encode` will be asked for."""
        for scene in scenes:
            if len(scene.points) and id(scene) not in self._coming and not self._found(scene):
                # a bare cloud has no views yet
                seen = self._threads.submit(_look, scene.views) if scene.views else None
                self._coming[id(scene)] = self._threads.submit(self._prepare, scene, seen)

    def name_pictures(self, views: Sequence[View]) -> None:
        """Let other threads work out the names of pictures, which they keep."""
        list(self._threads.map(_name, views))

    @torch.inference_mode()
    def encode(self, scenes: Sequence[Scene], should_stop: Callable[[], bool]) -> list[KnownScene]:
        """Scenes, encoded now unless they were; others are then forgotten.

        Args:
            scenes: each with at least one point.
            should_stop: asked between the tiles of a large map.

        Raises:
            EmptySceneError: a scene has no points.
            EncodingStoppedError: `should_stop` was true.
        """
        distinct = list({id(scene): scene for scene in scenes}.values())
        if not all(len(scene.points) for scene in distinct):
            raise EmptySceneError("the scene has no points yet")
        new = [scene for scene in distinct if self._found(scene) is None]
        if new:
            kept = [one for scene in distinct if (one := self._found(scene)) is not None]
            if len(new) > 1:
                self.prepare_ahead(new)
            self._known = kept + self._encoded(
                [self._prepared(scene) for scene in new], should_stop
            )
        found = [self._found(scene) for scene in scenes]
        return [one for one in found if one is not None]

    def _found(self, scene: Scene) -> KnownScene | None:
        for one in self._known:
            if scene is one.prepared.given or (scene is one.scene and one.yaw == 0):
                return one
        return None

    @property
    def _threads(self) -> ThreadPoolExecutor:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(min(MOST_THREADS, os.cpu_count() or 1))
        return self._pool

    def _prepared(self, scene: Scene) -> ScenePreparation:
        coming = self._coming.pop(id(scene), None)
        return self._prepare(scene) if coming is None else coming.result()

    def _prepare(self, scene: Scene, seen: Future[np.ndarray] | None = None) -> ScenePreparation:
        turned, yaw = self._processor.frame(scene)
        return ScenePreparation(
            scene,
            yaw,
            with_rendered_views(turned),
            self._processor.cloud(turned),
            self._processor.pictures(turned),
            seen if turned is scene else None,  # what was seen lies in the other frame
        )

    def _encoded(
        self, new: Sequence[ScenePreparation], should_stop: Callable[[], bool]
    ) -> list[KnownScene]:
        device, config = self._model.device, self._model.config.scene_config
        half = self._model.dtype != torch.float32
        found: dict[int, KnownScene] = {}
        rooms = []
        with torch.autocast(device.type, self._model.dtype, half):
            for row, one in enumerate(new):
                if not needs_tiles(*one.scene.bounds(), config.max_extent):
                    rooms.append(row)
                    continue
                tiles = cut(one.scene, config.num_points).to(device)
                bounds = one.cloud[2].to(device)
                encoded = encode_tiles(self._model.model, tiles, bounds, should_stop)
                encoded = self._looked_at(one, encoded)
                found[row] = KnownScene(one, tiles.points.flatten(0, 1)[None], encoded)
            for start in range(0, len(rooms), AT_ONCE[device.type]):
                some = rooms[start : start + AT_ONCE[device.type]]
                clouds = zip(*(new[row].cloud for row in some), strict=True)
                points, colors, bounds = (torch.cat(part).to(device) for part in clouds)
                if len(some) == 1 and device.type == "cuda":
                    pictures = new[some[0]].pictures
                    shown = () if pictures is None else padded(pictures).to(device).tensors
                    encoded = self._graph(points, colors, bounds, *shown)
                    found[some[0]] = KnownScene(new[some[0]], points, encoded)
                    continue
                encoded = self._model.model.encode_scene(points, colors, bounds)
                for place, row in enumerate(some):
                    own = slice(place, place + 1)
                    looked = self._looked_at(new[row], _rows(encoded, own))
                    found[row] = KnownScene(new[row], points[own], looked)
        return [found[row] for row in range(len(new))]

    def _encode_tensors(
        self, points: Tensor, colors: Tensor, bounds: Tensor, *pictures: Tensor
    ) -> EncodedScene:
        """One scene, and what its pictures show where there are any: all that a graph records."""
        shown = Pictures(*pictures) if pictures else None
        return self._model.model.encode_scene(points, colors, bounds, shown)

    def _looked_at(self, prepared: ScenePreparation, encoded: EncodedScene) -> EncodedScene:
        if prepared.pictures is None:
            return encoded
        device = self._model.device
        bounds, pictures = prepared.cloud[2].to(device), prepared.pictures.to(device)
        return self._model.model.looked_at(encoded, bounds, pictures)


def padded(pictures: Pictures) -> Pictures:
    """Pictures (1, V, ...) with views of nothing behind them, a multiple of `ROUND` in all.

    A map has another number of views after each keyframe, and a graph is of one number.
    """
    missing = -pictures.color.shape[1] % ROUND
    color, depth, K, T = (
        torch.cat((values, values[:, :1].expand(-1, missing, *values.shape[2:])), 1)
        for values in pictures.tensors
    )
    depth[:, depth.shape[1] - missing :] = 0  # no pixel has a place: no box is seen there
    return Pictures(color, depth, K, T)


def _look(views: Sequence[View]) -> np.ndarray:
    """`visibility.seen_voxels`; and each picture has its name."""
    for view in views:
        _name(view)
    return seen_voxels(views)


def _name(view: View) -> bytes:
    return view.picture


def _rows(encoded: EncodedScene, rows: slice) -> EncodedScene:
    """Some of the scenes that were encoded together."""
    return EncodedScene(
        _part(encoded.features, rows),
        _part(encoded.found, rows),
        encoded.index[rows],
        encoded.score[rows],
        encoded.tokens[rows],
    )


def _part(batch: _Batch, rows: slice) -> _Batch:
    return type(batch)(**{f.name: getattr(batch, f.name)[rows] for f in fields(batch)})
