"""What a fair comparison for held-out combinations is: seen ones of the same kinds of things.

Some categories have more colours than others, so more of their combinations are held out: those
of books above all, which are thin and stand side by side. A plain mean of all other questions would
show that books are hard, not that a green one is new.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from r1_training.evaluation.room_evaluator import Asked
from r1_training.synthetic.rooms.elements import RoomObject


def alike(run: Sequence[Asked]) -> dict[str, dict[str, list[float]]]:
    """For each held-out question the mean of those seen questions that are about its category.

    Args:
        run: the answers of one seed.

    Returns:
        task -> check -> one value for each held-out question that has such company.
    """
    seen: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    for asked in run:
        if not asked.held_out:
            for category in {thing.category for thing in _things(asked)}:
                for name, value in asked.verdict.items():
                    seen[asked.sample.task, category, name].append(float(value))
    found: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for asked in run:
        if asked.held_out:
            category = next((thing.category for thing in _things(asked) if thing.held_out), "")
            for name in asked.verdict:
                if company := seen.get((asked.sample.task, category, name)):
                    found[asked.sample.task][name].append(float(np.mean(company)))
    return found


def _things(asked: Asked) -> list[RoomObject]:
    # ids above are of regions
    return [asked.room.object(id) for id in asked.sample.objects if id <= len(asked.room.objects)]
