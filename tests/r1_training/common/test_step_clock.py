from __future__ import annotations

import pytest

from r1_training.common import step_clock
from r1_training.common.step_clock import StepClock


def test_every_moment_belongs_to_a_part(monkeypatch):
    times = iter([10.0, 11.0, 13.0, 13.5, 20.5])
    monkeypatch.setattr(step_clock.time, "perf_counter", lambda: next(times))
    clock = StepClock()
    for name in ("sampling", "training", "sampling", "logging"):
        clock.switch(name)
    clock.step()
    assert clock.take() == {"sampling": 1.5, "training": 2.0}
    clock.switch("sampling")
    assert clock.take() == {"logging": 7.0}
    assert clock.take() == {}


def test_of_several_steps_it_tells_the_mean(monkeypatch):
    times = iter([0.0, 6.0])
    monkeypatch.setattr(step_clock.time, "perf_counter", lambda: next(times))
    clock = StepClock()
    clock.switch("sampling")
    clock.switch("logging")
    for _ in range(3):
        clock.step()
    assert clock.take() == pytest.approx({"sampling": 2.0})
