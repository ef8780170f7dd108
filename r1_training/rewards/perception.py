"""How well do the boxes of an answer fit the boxes that the question refers to?"""

from __future__ import annotations

import numpy as np
from scipy.optimize import linear_sum_assignment

from r1_training.metrics.measures.boxes import pairwise_iou

# Share of the soft form. It is what is left where boxes do not touch, so that nearer and more
# alike is still better; small, since a box beside the object is no find.
SOFT = 0.2
_DECAY = 2.0  # 1 / metre
_WORLD = 1e6  # metres; nothing is farther away or larger


def perception_reward(boxes: np.ndarray, wanted: np.ndarray) -> float:
    """Overlap with the referred boxes under the best matching, less for each box too many.

    A matched pair is worth `pair_scores`. Referred boxes that are missed count zero. Boxes beyond
    the referred ones cost the square of their share: naming two candidates for one object is worth
    a quarter of the better one, so that hedging never pays, and listing the room is worth nothing.

    Args:
        boxes: (N, 6) centre and size, metres, of the answer; with NaN, infinite or negative sizes
            they are boxes that fit nothing.
        wanted: (M, 6) of the objects that the question refers to. With M = 0 (nothing fits the
            description) the reward is 1 for no box and 0 for any.

    Returns:
        In [0, 1]; 1 for exactly the referred boxes.
    """
    boxes, wanted = (np.asarray(b, np.float64).reshape(-1, 6) for b in (boxes, wanted))
    if not len(wanted):
        return float(not len(boxes))
    if not len(boxes):
        return 0.0
    scores = pair_scores(boxes, wanted)
    matched = float(scores[linear_sum_assignment(scores, maximize=True)].sum())
    redundancy = max(1.0, len(boxes) / len(wanted))
    return matched / len(wanted) / redundancy**2


def pair_scores(boxes: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """(N, 6) and (M, 6) -> (N, M) in [0, 1]: (1 - SOFT) IoU + SOFT soft.

    The soft form is (exp(-2 d_centre) + exp(-2 d_size)) / 2 with distances in metres, 1 for equal
    boxes. Sum of exponentials: after the soft IoU of APEIRIA.
    """
    fits = (np.abs(boxes) < _WORLD).all(-1) & (boxes[:, 3:] >= 0).all(-1)  # NaN is not below
    usable = np.where(fits[:, None], boxes, 0.0)
    center = np.linalg.norm(usable[:, None, :3] - wanted[None, :, :3], axis=-1)
    size = np.linalg.norm(usable[:, None, 3:] - wanted[None, :, 3:], axis=-1)
    soft = (np.exp(-_DECAY * center) + np.exp(-_DECAY * size)) / 2
    return ((1 - SOFT) * pairwise_iou(usable, wanted) + SOFT * soft) * fits[:, None]
