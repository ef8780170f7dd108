from __future__ import annotations

from pathlib import Path

import pytest

from r1_training.common.config import TrainingConfigError
from r1_training.grpo.arguments import trainer_arguments
from r1_training.grpo.config import OBJECTIVES, GRPORunConfig

SHIPPED = Path(__file__).resolve().parents[3] / "config" / "training" / "r1-tiny-grpo.yaml"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("steps", 0),
        ("steps", 2.5),
        ("rooms", True),
        ("questions", -1),
        ("group_size", 1),
        ("group_size", "eight"),
        ("max_new_tokens", 0),
        ("temperature", 0.0),
        ("temperature", float("inf")),
        ("loss", "ppo"),
        ("kl_beta", -0.1),
        ("kl_beta", float("nan")),
        ("clip_low", -1.0),
        ("least_spread", -0.1),
        ("least_spread", float("nan")),
        ("reward_plan", -1.0),
        ("reward_format", float("inf")),
        ("learning_rate", "1e-6"),
        ("learning_rate", -1e-6),
        ("max_grad_norm", 0.0),
        ("precision", "fp8"),
        ("tasks", "qa"),
        ("tasks", []),
        ("tasks", ["qa", "poetry"]),
        ("answers_at_a_time", 7),
        ("devices", 5),
        ("updates", 5),
        ("workers", -1),
        ("seed", -1),
        ("embeddings", 5),
    ],
)
def test_impossible_values_are_named(name, value):
    with pytest.raises(TrainingConfigError, match=name):
        GRPORunConfig(output="x", model="y", **{name: value})


def test_without_any_reward_there_is_nothing_to_learn():
    none = {f"reward_{name}": 0.0 for name in ("format", "perception", "semantic", "plan")}
    with pytest.raises(TrainingConfigError, match="nothing to learn from"):
        GRPORunConfig(output="x", model="y", **none)


def test_checkpoints_keep_no_answers():
    settings = {"output": "x", "model": "y", "updates": 2, "answers_at_a_time": 96}
    with pytest.raises(TrainingConfigError, match="save_every 5 must be a multiple of updates 2"):
        GRPORunConfig(**settings, save_every=5)
    assert GRPORunConfig(**settings).accumulation == 6


def test_what_ships_is_sound():
    config = GRPORunConfig.load(SHIPPED)
    assert config.kl_beta == 0.02 and config.device_answers == 1152
    # config/training/r1-tiny-sft.yaml: seed 2, 28 rooms, 20,000 steps
    assert config.first_room == 2 * 1_000_000 * 28 and config.all_rooms == 20_000 * 28


@pytest.mark.parametrize("loss", OBJECTIVES)
def test_every_loss_reaches_trl(tmp_path, loss):
    settings = {"output": str(tmp_path), "model": "y", "precision": "fp32", "loss": loss}
    arguments = trainer_arguments(GRPORunConfig(**settings, clip_high=0.5))
    objective = OBJECTIVES[loss]
    assert arguments.loss_type == objective.loss_type
    assert arguments.importance_sampling_level == objective.level
    assert arguments.scale_rewards == objective.scale_rewards
    assert (arguments.epsilon, arguments.epsilon_high) == (objective.clip_low, 0.5)
    assert arguments.n_gpu == 1
    # a batch of answers is sampled once for each optimizer step
    assert arguments.generation_batch_size == 1152
    assert arguments.steps_per_generation == arguments.gradient_accumulation_steps


def test_the_devices_share_a_batch():
    config = GRPORunConfig(output="x", model="y", devices=2)
    assert config.device_answers == 576 and config.accumulation == 3
