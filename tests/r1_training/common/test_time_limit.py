from __future__ import annotations

import time
from types import SimpleNamespace

import pytest
from transformers import TrainerControl, TrainerState

from r1_training.common.time_limit import (
    SLOW_STEPS,
    Pause,
    PausedError,
    StepLimit,
    TimeLimit,
    TimeSpent,
    Trained,
    seconds_spent,
)


def ended(callback, step: int = 1) -> tuple[bool, bool]:
    """Whether the run stops after a step, and whether it is saved."""
    control = TrainerControl()
    callback.on_step_end(SimpleNamespace(device="cpu"), TrainerState(global_step=step), control)
    return control.should_training_stop, control.should_save


def test_a_run_ends_when_its_time_is_over_and_is_saved():
    assert ended(TimeLimit(time.monotonic() - 1)) == (True, True)
    assert ended(TimeLimit(time.monotonic() + 60)) == (False, False)
    assert ended(TimeLimit(float("inf"))) == (False, False)


@pytest.mark.parametrize("over", [True, False])
def test_the_time_of_any_process_counts(monkeypatch, over):
    """The others' flags come by the reduction."""

    def reduced(flag, operation):
        assert operation is distributed.ReduceOp.MAX
        flag.fill_(float(over))

    distributed = pytest.importorskip("torch.distributed")
    monkeypatch.setattr(distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(distributed, "all_reduce", reduced)
    assert ended(TimeLimit(time.monotonic() + 60)) == (over, over)


def test_a_trial_ends_at_its_step():
    assert ended(StepLimit(5), step=4) == (False, False)
    assert ended(StepLimit(5), step=5) == ended(StepLimit(5), step=6) == (True, True)


def test_a_pause_saves_and_leaves():
    control, state = TrainerControl(), TrainerState(global_step=3)
    Pause(float("inf")).on_step_end(SimpleNamespace(), state, control)
    Pause(float("inf")).on_save(SimpleNamespace(), state, control)
    assert not control.should_save
    Pause(0.0).on_step_end(SimpleNamespace(), state, control)
    assert control.should_save and not control.should_training_stop
    with pytest.raises(PausedError, match="after step 3"):
        Pause(0.0).on_save(SimpleNamespace(), state, control)


def test_a_run_that_is_over_is_not_paused():
    control = TrainerControl(should_training_stop=True)
    Pause(0.0).on_step_end(SimpleNamespace(), TrainerState(), control)
    Pause(0.0).on_save(SimpleNamespace(), TrainerState(), control)
    assert not control.should_save


def test_time_is_added_up_over_processes(tmp_path, monkeypatch):
    now = iter([10.0, 14.0, 100.0, 101.0])
    monkeypatch.setattr("r1_training.common.time_limit.time.monotonic", lambda: next(now))
    file = tmp_path / "stage" / "spent.json"
    assert seconds_spent(file) == 0.0
    TimeSpent(file).on_save(SimpleNamespace(), TrainerState(), TrainerControl())
    assert seconds_spent(file) == 4.0
    assert TimeSpent(file).seconds == 5.0


def test_the_start_of_a_run_is_told_from_its_pace(tmp_path, monkeypatch):
    now = {"seconds": 0.0}
    monkeypatch.setattr("r1_training.common.time_limit.time.monotonic", lambda: now["seconds"])
    spent = TimeSpent(tmp_path / "spent.json")
    for step in range(1, SLOW_STEPS + 101):
        now["seconds"] += 3.0 if step <= SLOW_STEPS else 0.5
        spent.on_step_end(SimpleNamespace(), TrainerState(), TrainerControl())
    taken = spent.taken()
    assert taken == Trained(3.0 * SLOW_STEPS + 50.0, 3.0 * SLOW_STEPS, SLOW_STEPS)
