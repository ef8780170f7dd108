"""Image tokens of views, kept from one question to the next."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from r1_model.conversation import R1Inputs
from r1_model.network.modeling import R1ForConditionalGeneration
from r1_model.network.vision import MERGE
from r1_model.scene.scene import View


class ViewTokens:
    """Image tokens of views; those of the views seen last are kept, for the next question."""

    MOST = 64

    def __init__(self, model: R1ForConditionalGeneration) -> None:
        self.model = model
        self.known: dict[tuple[bytes, tuple[int, int]], Tensor] = {}  # oldest use first

    def __call__(self, views: Sequence[View], inputs: R1Inputs) -> Tensor | None:
        """(image tokens, hidden) of all views, in order; None where there are none."""
        if inputs.patches is None:
            return None
        # by content: a map hands out the same keyframe as another object every time
        keys = [(v.picture, grid) for v, grid in zip(views, inputs.view_grids, strict=True)]
        patches = inputs.patches.split([rows * columns for rows, columns in inputs.view_grids])
        new = {key: part for key, part in zip(keys, patches, strict=True) if key not in self.known}
        if new:
            grids = [grid for _, grid in new]
            tokens = self.model.model.encode_views(torch.cat(list(new.values())), grids)
            sizes = [rows * columns // MERGE**2 for rows, columns in grids]
            self.known |= zip(new, tokens.split(sizes), strict=True)
        for key in keys:
            self.known[key] = self.known.pop(key)
        found = torch.cat([self.known[key] for key in keys])
        for key in list(self.known)[: -self.MOST]:
            del self.known[key]
        return found

    def clear(self) -> None:
        """Forget all views."""
        self.known.clear()
