"""A model that is asked as every other and shown a part of the scene, see `modality_dropout`.

Unlike `SwitchedReasoner`, which asks without views as users do who have none, placeholders of what
is not shown stay in the text: nothing else differs from what the whole model reads.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from r1_model.asking.question import Question
from r1_model.asking.reading import Ready
from r1_model.asking.scenes import KnownScene
from r1_model.reasoner import Reasoner
from r1_model.scene.scene import View
from r1_training.prediction.switches import SwitchedReasoner


class PartlyShownReasoner(SwitchedReasoner):
    """Without `image` views are chosen, too, and nothing takes the place of their placeholders."""

    def _chosen_views(
        self, questions: Sequence[Question], known: Sequence[KnownScene], texts: Sequence[str]
    ) -> list[list[View]]:
        if "image" in self.switches.modalities:
            return super()._chosen_views(questions, known, texts)
        return Reasoner._chosen_views(self, questions, known, texts)

    def _sights(self, ready: Sequence[Ready]) -> tuple[Tensor | None, Tensor | None]:
        scenes, views = super()._sights(ready)
        return scenes, (views if "image" in self.switches.modalities else None)
