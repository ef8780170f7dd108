"""Runs that end with their time."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from r1_training.common.config import TrainingConfigError
from r1_training.tiny.paced import PLAN_EVERY, Paced
from r1_training.tiny.sft import train
from tests.r1_training.tiny_model import small_run


def run(seconds_a_step, minutes: float, steps: int = 100_000) -> tuple[Paced, list[float], float]:
    """A run with a clock of its own -> itself, the rate's factor at every step, its seconds."""
    now = [0.0]
    paced = Paced(minutes, steps, warmup=100, least=0.01, clock=lambda: now[0])
    arguments = SimpleNamespace(device=torch.device("cpu"))
    state = SimpleNamespace(global_step=0)
    control = SimpleNamespace(should_training_stop=False, should_save=False)
    paced.on_train_begin(arguments, state, control)
    factors = []
    while not control.should_training_stop:
        factors.append(paced.factor(state.global_step))
        now[0] += seconds_a_step(state.global_step)
        state.global_step += 1
        paced.on_step_end(arguments, state, control)
    assert control.should_save
    return paced, factors, now[0]


def test_a_run_ends_with_its_time_and_its_rate():
    _, factors, seconds = run(lambda step: 90.0 if step == 0 else 0.1, minutes=10)
    assert 590 < seconds <= 600
    assert factors[0] == 0.01 and max(factors) == 1.0
    assert factors[-1] == pytest.approx(0.01, abs=1e-3)


def test_a_run_that_slows_down_still_ends_in_time():
    _, factors, seconds = run(lambda step: 0.1 + step * 2e-5, minutes=10)
    assert 570 < seconds < 605
    assert factors[-1] < 0.02


def test_steps_are_the_most():
    paced, factors, seconds = run(lambda step: 0.01, minutes=10, steps=1_000)
    assert len(factors) == 1_000 and seconds < 11
    assert factors[500] == pytest.approx(
        0.01 + 0.99 * 0.5 * (1 + torch.cos(torch.tensor(torch.pi * 400 / 900)).item()), abs=1e-6
    )


def test_a_time_shorter_than_the_first_plan_ends_there():
    _, factors, _ = run(lambda step: 1.0, minutes=0.1)
    assert len(factors) == 2 * PLAN_EVERY


def test_a_trainer_follows_it(room_model, tmp_path):
    final = train(str(room_model), small_run(tmp_path, minutes=60, steps=2))
    assert (final / "model.safetensors").is_file()


def test_no_time_is_refused(tmp_path):
    with pytest.raises(TrainingConfigError, match="minutes must be above 0"):
        small_run(tmp_path, minutes=0)
