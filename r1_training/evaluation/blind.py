"""A model that is asked as every other and shown nothing: what do questions alone give away?"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from r1_model.conversation import R1Inputs
from r1_model.network.detected_boxes import LEAST_SCORE
from r1_model.network.modeling import EncodedScene
from r1_model.reasoner import Reasoner
from r1_model.scene.scene import Scene, View
from r1_model.text.answer import Box


class BlindReasoner(Reasoner):
    """Nothing takes the place of scene and image placeholders, and nothing is detected.

    Of the scene it has the bounds alone, in which the numbers of its boxes are read.
    """

    def detect(self, scene: Scene, least_score: float = LEAST_SCORE) -> list[Box]:
        """Nothing."""
        return []

    @torch.inference_mode()
    def _embed(self, inputs: R1Inputs, encoded: EncodedScene, views: Sequence[View]) -> Tensor:
        return self._model.model.embed(inputs.input_ids)
