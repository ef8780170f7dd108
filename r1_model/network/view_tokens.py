"""Image tokens of views, kept from one question to the next."""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from r1_model.conversation import view_size
from r1_model.network.depth_positions import patch_positions
from r1_model.network.modeling import R1ForConditionalGeneration
from r1_model.network.vision import MERGE, PATCH, Grid, patchify
from r1_model.scene.scene import View

Places = tuple[Tensor, Tensor]
PATCHES_AT_ONCE = 32_768  # of several views; a view of 640 x 480 has 1,564


class ViewTokens:
    """Image tokens of views and their places; those of the views seen last are kept."""

    MOST = 64

    def __init__(self, model: R1ForConditionalGeneration) -> None:
        self._model = model
        # oldest use first: tokens by picture and size, places by the view's id. A reference tells
        # whether it is still that view, and keeps no picture of a map that is gone
        self._tokens: dict[tuple[bytes, Grid], Tensor] = {}
        self._places: dict[int, tuple[weakref.ref[View], Places]] = {}

    def grid(self, view: View) -> Grid:
        """Rows and columns of a view's image tokens."""
        height, width = view_size(self._model.config, view)
        return height // (PATCH * MERGE), width // (PATCH * MERGE)

    @torch.inference_mode()
    def __call__(self, views: Sequence[View], origins: Tensor) -> list[Tensor]:
        """What the language model reads of each view: tokens with their places.

        Args:
            views: of one scene or several.
            origins: (V, 3) metres, minimum corner of each view's scene.

        Returns:
            (rows * columns, hidden) each.
        """
        if not views:
            return []
        # places first: a copy to a GPU waits for what it was asked to do before
        self._locate([view for view in views if not self._is_placed(view)])
        keys = self.encode(views)
        found, places = [], []
        for key, view in zip(keys, views, strict=True):
            self._tokens[key] = self._tokens.pop(key)
            self._places[id(view)] = self._places.pop(id(view))
            found.append(self._tokens[key])
            places.append(self._places[id(view)][1])
        for key in list(self._tokens)[: -self.MOST]:
            del self._tokens[key]
        for number in list(self._places)[: -self.MOST]:
            del self._places[number]
        sizes = [len(tokens) for tokens in found]
        counts = torch.tensor(sizes, device=origins.device)
        xyz = torch.cat([xyz for xyz, _ in places])
        xyz = xyz - origins.repeat_interleave(counts, 0, output_size=len(xyz))
        valid = torch.cat([valid for _, valid in places])
        embedded = torch.cat(found) + self._model.model.depth_positions(xyz, valid)
        return list(embedded.split(sizes))

    @torch.inference_mode()
    def encode(self, views: Sequence[View]) -> list[tuple[bytes, Grid]]:
        """Encode pictures that are not known, and keep their tokens under the names returned."""
        # by content: a map hands out the same keyframe as another object every time
        keys = [(view.picture, self.grid(view)) for view in views]
        self._encode({k: v for k, v in zip(keys, views, strict=True) if k not in self._tokens})
        return keys

    def clear(self) -> None:
        """Forget all views."""
        self._tokens.clear()
        self._places.clear()

    def _encode(self, new: dict[tuple[bytes, Grid], View]) -> None:
        """Tokens of views, many at once."""
        for keys in _parts(list(new)):
            patches = self._patches([new[key] for key in keys])
            grids = [(rows * MERGE, columns * MERGE) for _, (rows, columns) in keys]
            tokens = self._model.model.encode_views(patches, grids)
            sizes = [rows * columns for _, (rows, columns) in keys]
            self._tokens |= zip(keys, tokens.split(sizes), strict=True)

    def _patches(self, views: Sequence[View]) -> Tensor:
        """(P, 1176), view after view."""
        parts: dict[int, Tensor] = {}
        for rows in _alike([(v.color.shape, self.grid(v)) for v in views]):
            height, width = (side * PATCH * MERGE for side in self.grid(views[rows[0]]))
            colors = self._stacked([views[row].color for row in rows])
            parts |= zip(rows, patchify(colors, height, width), strict=True)
        return torch.cat([parts[row] for row in range(len(views))])

    def _is_placed(self, view: View) -> bool:
        known = self._places.get(id(view))
        return known is not None and known[0]() is view

    def _locate(self, views: Sequence[View]) -> None:
        """Places of views' tokens in their scenes' frames."""
        for rows in _alike([(v.depth.shape, self.grid(v)) for v in views]):
            own = [views[row] for row in rows]
            xyz, valid = patch_positions(
                self._stacked([view.depth for view in own]),
                self._stacked([view.K for view in own]),
                self._stacked([view.T_scene_camera for view in own]),
                *self.grid(own[0]),
            )
            for view, *place in zip(own, xyz, valid, strict=True):
                self._places[id(view)] = weakref.ref(view), (place[0], place[1])

    def _stacked(self, arrays: Sequence[np.ndarray]) -> Tensor:
        return torch.from_numpy(np.stack(arrays)).to(self._model.device)


def _parts(keys: list[tuple[bytes, Grid]]) -> Iterator[list[tuple[bytes, Grid]]]:
    """In order, as many together as are encoded at once."""
    part: list[tuple[bytes, Grid]] = []
    patches = 0
    for key in keys:
        size = key[1][0] * key[1][1] * MERGE**2
        if part and patches + size > PATCHES_AT_ONCE:
            yield part
            part, patches = [], 0
        part.append(key)
        patches += size
    if part:
        yield part


def _alike(kinds: Sequence[object]) -> list[list[int]]:
    """Numbers of equal kinds together."""
    found: dict[object, list[int]] = {}
    for number, kind in enumerate(kinds):
        found.setdefault(kind, []).append(number)
    return list(found.values())
