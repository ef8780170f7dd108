"""Training for real, on a small random model: what moves, what stays, and going on after a kill."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers.trainer_utils import get_last_checkpoint

from r1_model.network.modeling import R1ForConditionalGeneration
from r1_model.pretrained import load_pretrained
from r1_training.common.config import TrainingConfigError
from r1_training.tiny.batches import BatchBuilder
from r1_training.tiny.sft import freeze_for_dense, train, trainer_arguments
from tests.r1_training.tiny_model import small_run

SEES = ("model.scene_encoder.", "model.dense_decoder.")
# read by language alone, so the dense stage has no gradient for it
UNSEEN = ("model.scene_encoder.context_out.",)


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "model.safetensors")


def history(output: Path) -> list[dict[str, float]]:
    """Losses of every step that the newest checkpoint knows."""
    state = json.loads((Path(get_last_checkpoint(str(output))) / "trainer_state.json").read_text())
    timed = ("epoch", "train_runtime", "train_samples_per_second", "train_steps_per_second")
    return [
        {name: value for name, value in row.items() if name not in timed}
        for row in state["log_history"]
    ]


@pytest.fixture(scope="module")
def trained(room_model, tmp_path_factory) -> Path:
    """Output of four uninterrupted steps."""
    output = tmp_path_factory.mktemp("whole")
    train(str(room_model), small_run(output, steps=4, save_every=2, weight_decay=0.0))
    return output


def test_everything_learns(room_model, trained):
    before, after = weights(room_model), weights(trained / "final")
    assert set(before) == set(after)
    still = {name for name in before if torch.equal(before[name], after[name])}
    assert still == set()
    assert all(torch.isfinite(value).all() for value in after.values())


def test_the_losses_of_every_step_are_logged_and_fall(trained):
    rows = history(trained)
    assert [row["step"] for row in rows] == [1, 2, 3, 4]
    for row in rows:
        for name in ("loss", "language", "foreground", "vote", "giou", "category", "states"):
            assert row[name] == row[name] and row[name] > 0, (name, row)
    assert rows[-1]["language"] < rows[0]["language"]


def test_the_result_is_a_whole_trained_model(trained):
    loaded = load_pretrained(trained / "final", device="cpu")
    assert loaded.model.config.trained and loaded.new_modules == ()
    assert "use_cache" not in json.loads((trained / "final" / "config.json").read_text())
    assert all(parameter.requires_grad for parameter in loaded.model.parameters())


def test_one_gpu_is_used_where_there_are_several(tmp_path):
    assert trainer_arguments(small_run(tmp_path)).n_gpu == 1


def test_end_tokens_do_not_grow(room_model, trained, tmp_path):
    again = train(str(trained / "final"), small_run(tmp_path, steps=1))
    for folder in (trained / "final", again):
        ends = json.loads((folder / "generation_config.json").read_text())["eos_token_id"]
        assert isinstance(ends, int) or len(ends) == 1, ends


def test_the_dense_stage_trains_what_sees_and_nothing_else(room_model, tmp_path):
    config = small_run(tmp_path, conversations=0, weight_decay=0.0, dense_weight=1.0)
    final = train(str(room_model), config)
    before, after = weights(room_model), weights(final)
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert moved == {
        name for name in before if name.startswith(SEES) and not name.startswith(UNSEEN)
    }
    loaded = load_pretrained(final, device="cpu")
    assert not loaded.model.config.trained  # it sees, but its words mean nothing yet


def test_the_dense_stage_freezes_the_rest(room_model):
    """Weight decay would move what has no gradient, too."""
    model = R1ForConditionalGeneration.from_pretrained(room_model)
    freeze_for_dense(model)
    training = {name for name, p in model.named_parameters() if p.requires_grad}
    assert training == {name for name, _ in model.named_parameters() if name.startswith(SEES)}
    assert training


class KilledError(Exception):
    """Stands for the kill: nothing after it runs."""


def test_a_killed_run_goes_on_with_the_same_losses(room_model, trained, tmp_path, monkeypatch):
    config = small_run(tmp_path, steps=4, save_every=2, weight_decay=0.0)
    made = BatchBuilder.__call__
    asked: list[int] = []

    def die_at_the_fourth(self: BatchBuilder, rows):
        asked.append(rows[0]["batch"])
        if len(asked) == 4:
            raise KilledError
        return made(self, rows)

    with monkeypatch.context() as patch, pytest.raises(KilledError):
        patch.setattr(BatchBuilder, "__call__", die_at_the_fourth)
        train(str(room_model), config)
    assert Path(get_last_checkpoint(str(tmp_path))).name == "checkpoint-2"
    assert not (tmp_path / "final").exists()
    half = tmp_path / "checkpoint-3"  # the kill came while it was written
    half.mkdir()
    (half / "model.safetensors").write_bytes(b"half of the weights")
    train(str(room_model), config, resume=True)
    assert not half.exists()
    for whole, resumed in zip(history(trained), history(tmp_path), strict=True):
        assert whole == pytest.approx(resumed, rel=1e-5)
    again = weights(tmp_path / "final")
    for name, value in weights(trained / "final").items():
        assert torch.allclose(value, again[name], atol=1e-5), name


def test_a_fresh_start_that_is_killed_early_forgets_the_run_before(
    room_model, trained, tmp_path, monkeypatch
):
    shutil.copytree(trained, tmp_path / "run")
    config = small_run(tmp_path / "run", steps=4, save_every=2, weight_decay=0.0)

    def die(self: BatchBuilder, rows):
        raise KilledError

    monkeypatch.setattr(BatchBuilder, "__call__", die)
    with pytest.raises(TrainingConfigError, match="would remove the model"):
        train(str(tmp_path / "run" / "final"), config)
    with pytest.raises(KilledError):
        train(str(room_model), config)
    assert get_last_checkpoint(str(tmp_path / "run")) is None
    assert not (tmp_path / "run" / "final").exists()


def test_sequences_without_room_for_a_question_are_refused(room_model, tmp_path):
    with pytest.raises(TrainingConfigError, match="sequence_length 10 has no room for a question"):
        train(str(room_model), small_run(tmp_path, sequence_length=10))


def test_resuming_without_a_checkpoint_starts_at_the_beginning(room_model, trained, tmp_path):
    config = small_run(tmp_path, steps=2, save_every=2, weight_decay=0.0)
    train(str(room_model), replace(config, steps=2), resume=True)
    assert history(tmp_path)[0]["language"] == pytest.approx(history(trained)[0]["language"])


def test_a_run_that_goes_on_where_another_ended_has_the_next_batches(
    room_model, tmp_path, monkeypatch
):
    made, asked = BatchBuilder.__call__, []

    def noted(self: BatchBuilder, rows):
        asked.append(rows[0]["batch"])
        return made(self, rows)

    monkeypatch.setattr(BatchBuilder, "__call__", noted)
    train(str(room_model), small_run(tmp_path, steps=2, first_batch=5))
    assert sorted(asked) == [5, 6]
