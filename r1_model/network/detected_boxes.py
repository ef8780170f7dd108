"""What the dense decoder found, as boxes with a name."""

from __future__ import annotations

import numpy as np

from r1_model.network.config import R1SceneConfig
from r1_model.network.dense_decoder import MIN_SIZE
from r1_model.network.modeling import EncodedScene
from r1_model.text.answer import Box

LEAST_SCORE = 0.3
MOST_NAMES, LEAST_NAME = 5, 0.02  # of a detection's other names, how many and how likely


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
    likely = encoded.found.category[row, index].float().softmax(-1)
    shares, labels = likely.topk(min(MOST_NAMES, likely.shape[-1]))
    boxes = []
    for center, size, numbers, parts, score in zip(
        centers, sizes, labels.tolist(), shares.tolist(), encoded.score[row].tolist(), strict=True
    ):
        if score < least_score:
            continue
        label, *others = (config.categories[number] for number in numbers)
        names = [(label, parts[0])]
        names += [(o, p) for o, p in zip(others, parts[1:], strict=True) if p >= LEAST_NAME]
        size = np.maximum(size, MIN_SIZE)
        boxes.append(Box(center, size, label, score=score, names=tuple(names)))
    return boxes
