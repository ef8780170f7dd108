from __future__ import annotations

import time
from types import SimpleNamespace

import pytest
from transformers import TrainerControl, TrainerState

from r1_training.common.time_limit import StepLimit, TimeLimit


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
