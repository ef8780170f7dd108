"""`r1 train grpo` from its command to the folder of the result."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from r1_model.pretrained import load_pretrained
from r1_training.cli import app
from r1_training.common.config import TrainingConfigError
from r1_training.grpo.run import train
from tests.r1_training.grpo.toy import toy_run

SMALL = {
    "rooms": 1,
    "questions": 2,
    "group_size": 2,
    "answers_at_a_time": 4,
    "steps": 1,
    "max_new_tokens": 4,
}


def test_a_run_leaves_a_model_that_loads(room_model, tmp_path):
    config = toy_run(
        tmp_path,
        **SMALL,
        model=str(room_model),
        validate_every=1,
        validation_rooms=1,
        validation_questions=2,
    )
    final = train(config)
    loaded = load_pretrained(final, device="cpu")
    assert loaded.new_modules == () and loaded.model.lm_head.bias is None
    assert all(parameter.requires_grad for parameter in loaded.model.parameters())
    state = json.loads((tmp_path / "checkpoint-1" / "trainer_state.json").read_text())
    validated = [row["step"] for row in state["log_history"] if "validation/format" in row]
    assert validated == [0, 1]
    events = b"".join(path.read_bytes() for path in (tmp_path / "runs").rglob("events*"))
    assert b"sample answer 0" in events and b"validation/format" in events
    with pytest.raises(TrainingConfigError, match="would remove the model"):
        train(toy_run(tmp_path, **SMALL, model=str(final)))


def test_bad_settings_are_named(room_model, tmp_path):
    with pytest.raises(TrainingConfigError, match="there is no model in /nowhere"):
        train(toy_run(tmp_path, **SMALL, model="/nowhere"))
    file = tmp_path / "run.yaml"
    file.write_text("output: x\nmodel: y\nloss: ppo\n")
    result = CliRunner().invoke(app, ["train", "grpo", "--config", str(file)])
    assert result.exit_code == 2 and "loss must be one of" in result.output
