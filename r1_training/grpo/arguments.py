"""A run's settings in TRL's terms."""

from __future__ import annotations

import torch
from trl import GRPOConfig

from r1_training.grpo.config import GRPORunConfig


def trainer_arguments(config: GRPORunConfig) -> GRPOConfig:
    """TRL's arguments for a run."""
    objective, cuda = config.objective, torch.cuda.is_available()
    arguments = GRPOConfig(
        output_dir=config.output,
        max_steps=config.steps,
        per_device_train_batch_size=config.answers_at_a_time,
        gradient_accumulation_steps=config.accumulation,
        steps_per_generation=config.accumulation * config.updates,
        num_generations=config.group_size,
        max_completion_length=config.max_new_tokens,
        temperature=config.temperature,
        loss_type=objective.loss_type,
        importance_sampling_level=objective.level,
        scale_rewards=objective.scale_rewards,
        epsilon=objective.clip_low,
        epsilon_high=objective.clip_high,
        beta=0.0,  # the reference is set later, see `R1GRPOTrainer`
        reward_weights=config.reward_weights,
        shuffle_dataset=False,
        learning_rate=config.learning_rate,
        lr_scheduler_type="constant_with_warmup",
        warmup_steps=config.warmup,
        weight_decay=config.weight_decay,
        max_grad_norm=config.max_grad_norm,
        bf16=config.precision == "bf16",
        use_cpu=not cuda,
        gradient_checkpointing=False,
        logging_steps=config.log_every,
        logging_nan_inf_filter=False,
        save_steps=config.save_every,
        save_total_limit=2,
        report_to=["tensorboard"],
        remove_unused_columns=False,
        ddp_find_unused_parameters=False,
        ddp_broadcast_buffers=False,  # they are constants: no reason to wait for each other
        seed=config.seed,
        disable_tqdm=False,
    )
    if arguments.device.type == "cpu":
        # of several processes on a CPU it is `cpu:0`, which `torch.load` cannot map a resume to
        arguments.__dict__["_setup_devices"] = torch.device("cpu")
    arguments._n_gpu = 1  # beside other GPUs the trainer would split a batch over all of them
    return arguments
