"""The mean of two language models of a run."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch

from r1_model.errors import InvalidConfigError
from r1_model.network.modeling import R1ForConditionalGeneration
from r1_training.tiny.weights.averaged import LANGUAGE, average_language


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return R1ForConditionalGeneration.from_pretrained(folder, dtype=torch.float32).state_dict()


@pytest.fixture
def earlier(room_model, tmp_path) -> Path:
    """All weights one less."""
    model = R1ForConditionalGeneration.from_pretrained(room_model, dtype=torch.float32)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter -= 1
    model.save_pretrained(tmp_path / "earlier")
    return tmp_path / "earlier"


def test_what_speaks_is_the_mean_and_what_sees_is_kept(room_model, earlier, tmp_path):
    made = average_language(room_model, earlier, tmp_path / "made", share=0.75)
    before, after = weights(room_model), weights(made)
    assert before.keys() == after.keys()
    for name, weight in before.items():
        moved = 0.25 if name.startswith(LANGUAGE) and weight.is_floating_point() else 0.0
        assert torch.allclose(after[name], weight - moved, atol=0.02), name  # bf16
    assert (made / "tokenizer.json").is_file()
    assert all(
        value.dtype == torch.float32 for value in after.values() if value.is_floating_point()
    )


def test_a_share_beyond_the_whole_is_refused(room_model, tmp_path):
    with pytest.raises(InvalidConfigError, match=r"not 1\.5"):
        average_language(room_model, room_model, tmp_path / "made", share=1.5)
    assert not (tmp_path / "made").exists()


def test_another_run_is_named(room_model, tmp_path):
    model = R1ForConditionalGeneration.from_pretrained(room_model, dtype=torch.float32)
    config = copy.deepcopy(model.config)
    config.text_config.vocab_size += 64
    R1ForConditionalGeneration(config).save_pretrained(tmp_path / "other")
    with pytest.raises(InvalidConfigError, match="no state of the run"):
        average_language(room_model, tmp_path / "other", tmp_path / "made", share=0.5)
