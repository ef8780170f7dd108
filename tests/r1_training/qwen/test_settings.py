"""Values that no run can have are named before it starts."""

from pathlib import Path

import pytest
import torch

from r1_model.errors import ModelLoadError
from r1_model.pretrained import load_pretrained
from r1_training.common.config import TrainingConfigError
from r1_training.qwen.config import FullSizeConfig
from r1_training.qwen.model import load_scene_encoder

RUN = "stage: sft\noutput: x\nmodel: m\ndata: d\nscannet: s\n"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("new_modules_learning_rate: 1e-4", "new_modules_learning_rate must be float, not '1e-4'"),
        ("max_grad_norm: 1e0", "max_grad_norm must be float, not '1e0'"),
        ("max_grad_norm: 0", "max_grad_norm must be above 0"),
        ("weight_decay: -1", "weight_decay must be a number from 0 on: -1"),
        ("learning_rate: .inf", "learning_rate must be finite .*: inf"),
        ("kl_beta: .nan", "kl_beta must be finite .*: nan"),
        ("seed: abc", "seed must be int, not 'abc'"),
        ("seed: -1", "seed must be a whole number"),
        ("hold_out: 5", "hold_out must be str | None, not 5"),
        ("scannet: t", "run.yaml:6: the key 'scannet' comes twice"),
        ("scene_encoder: 5", "scene_encoder must be str | None, not 5"),
        ('gradient_checkpointing: "no"', "gradient_checkpointing must be bool, not 'no'"),
        ("lora_targets:", "lora_targets must be a list: None"),
        ("lora_targets: [1, q_proj]", r"lora_targets must be among .*: \['1'\]"),
        ("1: 2\nfoo: 3", "unknown settings 1, foo"),
        ("# caf\udce9", "cannot read .*run.yaml"),
    ],
)
def test_impossible_values_are_named(tmp_path, line, message):
    path = tmp_path / "run.yaml"
    path.write_bytes((RUN + line).encode("utf-8", "surrogateescape"))
    with pytest.raises(TrainingConfigError, match=message.replace("str | None", r"str \| None")):
        FullSizeConfig.load(path)
    path.write_text(RUN)
    assert FullSizeConfig.load(path, seed=7).seed == 7


def test_the_scene_encoder_of_a_preset(config):
    """`r1-tiny` is a name, not a folder."""
    loaded, tiny = (load_pretrained(m, device="cpu") for m in (config.model, "r1-tiny"))
    load_scene_encoder(loaded.model, Path("r1-tiny"))
    ours, theirs = (m.model.model.scene_encoder.state_dict() for m in (loaded, tiny))
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    with pytest.raises(ModelLoadError, match="nowhere"):
        load_scene_encoder(loaded.model, "/nowhere")
