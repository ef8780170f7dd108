"""What the dense decoder found, as boxes with a name."""

from __future__ import annotations

import numpy as np

from r1_model.network.config import R1SceneConfig
from r1_model.network.dense_decoder import MIN_SIZE
from r1_model.network.modeling import EncodedScene
from r1_model.text.answer import Box

LEAST_SCORE = 0.3


def detected_boxes(
    config: R1SceneConfig, encoded: EncodedScene, row: int = 0, least_score: float = LEAST_SCORE
) -> list[Box]:
    """Objects of one scene of a batch, best first, with labels in English.

    Args:
        config: knows the names of the categories.
        encoded: from `R1Model.encode_scene`.
        row: which scene of the batch.
        least_score: what scores less is left out.
    """
    index = encoded.index[row]
    centers, sizes = (
        t[row, index].double().cpu().numpy() for t in (encoded.found.center, encoded.found.size)
    )
    labels = encoded.found.category[row, index].argmax(-1).tolist()
    return [
        Box(center, np.maximum(size, MIN_SIZE), config.categories[label], score=score)
        for center, size, label, score in zip(
            centers, sizes, labels, encoded.score[row].tolist(), strict=True
        )
        if score >= least_score
    ]
