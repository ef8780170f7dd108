"""A run that was killed while it wrote a checkpoint, and one started over another."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from r1_model.pretrained import load_pretrained
from r1_training.common.config import TrainingConfigError
from r1_training.qwen.train import TRAINED, train_full_size


def test_a_half_checkpoint_does_not_end_the_resume(config):
    config = replace(config, epochs=1)
    final = train_full_size(config)
    with pytest.raises(TrainingConfigError, match="holds final of an earlier run: --resume"):
        train_full_size(config)
    output = Path(config.output)
    half = output / "checkpoint-7"
    half.mkdir()
    shutil.copy(output / "checkpoint-2" / TRAINED, half)
    shutil.rmtree(final)
    with pytest.raises(TrainingConfigError, match="holds checkpoint-7 of an earlier run"):
        train_full_size(config)
    again = train_full_size(config, resume=True)
    assert again == final and not half.exists() and not (output / "final.part").exists()
    assert load_pretrained(again, device="cpu").model.config.trained
