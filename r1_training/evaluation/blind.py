"""A model that is asked as every other and shown nothing: what do questions alone give away?"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from r1_model.asking.reading import Ready
from r1_model.network.detected_boxes import LEAST_SCORE
from r1_model.reasoner import Reasoner
from r1_model.scene.scene import Scene
from r1_model.text.answer import Box


class BlindReasoner(Reasoner):
    """Nothing takes the place of scene and image placeholders, and nothing is detected.

    Of the scene it has the bounds alone, in which the numbers of its boxes are read.
    """

    def detect(self, scene: Scene, least_score: float = LEAST_SCORE) -> list[Box]:
        """Nothing."""
        return []

    def _sights(self, ready: Sequence[Ready]) -> tuple[Tensor | None, Tensor | None]:
        return None, None
