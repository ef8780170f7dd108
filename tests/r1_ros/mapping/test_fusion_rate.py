"""Whose turn it is to be fused."""

from __future__ import annotations

import numpy as np
import pytest

from r1_ros.mapping.fusion_rate import FusionRate

SECOND = 10**9


def fused(stamps: list[float], rate: float, sensor: str = "camera") -> list[float]:
    """Which of the stamps [s] are fused."""
    turns, found = FusionRate(), []
    for second in stamps:
        stamp = round(second * SECOND)
        if turns.is_due(sensor, stamp, rate):
            turns.fused(sensor, stamp, rate)
            found.append(second)
    return found


@pytest.mark.parametrize(
    ("hertz", "rate", "share"), [(30, 10, 1 / 3), (60, 10, 1 / 6), (25, 10, 0.4)]
)
def test_a_fast_sensor_is_fused_at_the_rate(hertz: int, rate: float, share: float) -> None:
    count = 20 * hertz
    found = fused([index / hertz for index in range(count)], rate)
    assert len(found) == pytest.approx(share * count, abs=1)
    assert np.diff(found).max() < 1.5 / rate + 1e-6


@pytest.mark.parametrize("hertz", [1.0, 5.0, 9.9, 10.0])
def test_a_sensor_that_is_not_faster_loses_nothing(hertz: float) -> None:
    """Its stamps are up to 40 % of a period early or late."""
    rng = np.random.default_rng(0)
    stamps = [(index + rng.uniform(-0.2, 0.2)) / hertz for index in range(1, 300)]
    assert fused(stamps, 10.0) == stamps


def test_a_pause_is_not_made_up_for() -> None:
    stamps = [0.0, *(100 + index / 100 for index in range(100))]
    assert len(fused(stamps, 10.0)) <= 12


@pytest.mark.parametrize(("rate", "sensor"), [(0.0, "camera"), (10.0, "")])
def test_no_rate_and_no_name_mean_everything(rate: float, sensor: str) -> None:
    stamps = [index / 1000 for index in range(50)]
    assert fused(stamps, rate, sensor) == stamps


def test_sensors_have_turns_of_their_own_and_may_begin_again() -> None:
    turns = FusionRate()
    turns.fused("front", 50 * SECOND, 1.0)
    assert not turns.is_due("front", 50 * SECOND + 1, 1.0) and turns.is_due(
        "rear", 50 * SECOND, 1.0
    )
    assert turns.is_due("front", 50 * SECOND, 1.0)  # another one of that moment
    assert not turns.is_due("front", 0, 1.0)
    turns.clear()
    assert turns.is_due("front", 0, 1.0)


@pytest.mark.parametrize("wrong", [5.0, 1e6])
def test_a_stamp_from_the_future_is_not_waited_for(wrong: float) -> None:
    """A camera that does not move has its transform at any time, and such an image is fused."""
    stamps = [100 + index / 30 for index in range(90)]
    right = len(fused(stamps, 10.0))
    stamps[20] += wrong
    assert right - 1 <= len(fused(stamps, 10.0)) <= right + 2


def test_one_late_message_is_no_other_time() -> None:
    stamps = [100 + index / 30 for index in range(90)]
    assert fused([*stamps[:45], 90.0, *stamps[45:]], 10.0) == fused(stamps, 10.0)
