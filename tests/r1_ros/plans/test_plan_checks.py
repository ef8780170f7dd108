"""A plan that leads out of the map is not started."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("rclpy")

from r1_ros.msg import ErrorCode  # noqa: E402

from r1_model.text.answer import Box, Step  # noqa: E402
from r1_ros.plans.plan_checks import refuse_outside  # noqa: E402

_LOW, _HIGH = np.zeros(3), np.array([4.0, 3.0, 2.5])


def _step(*centers: tuple[float, float, float]) -> Step:
    boxes = tuple(Box(np.array(center), np.full(3, 0.4), "mug") for center in centers)
    return Step(1, "pick", ("mug",) * len(boxes), boxes)


@pytest.mark.parametrize(
    ("step", "inside"),
    [
        (_step(), True),
        (_step((2, 2, 1)), True),
        (_step((5.1, 2, 1)), True),  # a little outside of what was seen so far
        (_step((5.3, 2, 1)), False),
        (_step((2, -1.3, 1)), False),
        (_step((2, 2, 4)), False),
        (_step((2, 2, 1), (2, 2, -1.5)), False),
    ],
)
def test_things_outside(step: Step, inside: bool) -> None:
    outcome = refuse_outside([_step((1, 1, 1)), step], _LOW, _HIGH, "map")
    if inside:
        assert outcome is None
        return
    assert (outcome.code, outcome.failed_step) == (ErrorCode.OUTSIDE_OF_MAP, 2)
    x, y, z = step.boxes[-1].center
    assert f"its mug is at ({x:.2f}, {y:.2f}, {z:.2f}) m" in outcome.sentence
    assert "step 2" in outcome.sentence and "(4.00, 3.00, 2.50) m in map" in outcome.sentence
