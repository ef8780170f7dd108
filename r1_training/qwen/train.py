"""SFT of the full-size model with TRL's SFTTrainer: LoRA and the scene branch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from peft import PeftModel
from safetensors.torch import load_file, save_file
from torch import Tensor
from trl import SFTConfig, SFTTrainer

from r1_model.conversation import R1Processor
from r1_model.pretrained import load_pretrained
from r1_training.common.checkpoints import newest_checkpoint, require_unused
from r1_training.common.config import TrainingConfigError
from r1_training.common.whole_files import written_whole
from r1_training.datasets.annotation_sample import Sample
from r1_training.qwen.config import FullSizeConfig
from r1_training.qwen.data import Scene30KConversations, usable_samples, within_limit
from r1_training.qwen.dry_run import check_data
from r1_training.qwen.merging import merged
from r1_training.qwen.model import load_scene_encoder, make_optimizer, prepare_for_training

TRAINED = "trained.safetensors"


class FullSizeTrainer(SFTTrainer):
    """TRL's trainer over conversations of their own length; checkpoints hold what trains."""

    def __init__(
        self,
        model: PeftModel,
        processor: R1Processor,
        config: FullSizeConfig,
        samples: list[Sample],
    ) -> None:
        arguments = trainer_arguments(config)
        if arguments.world_size != config.devices:
            raise TrainingConfigError(
                f"devices is {config.devices}, but {arguments.world_size} processes run: "
                f"torchrun --nproc_per_node {config.devices} starts them"
            )
        conversations = Scene30KConversations(config, samples, processor)
        super().__init__(
            model=model,
            args=arguments,
            # A row is an index; the collator reads the conversation in a worker process.
            train_dataset=Dataset.from_dict({"index": range(len(samples))}),
            data_collator=conversations.collate,
            processing_class=processor.tokenizer,
            optimizers=(make_optimizer(model, config), None),
        )
        # Each conversation counts the same, however long its target is: the trainer divides by
        # the conversations of a step, not by their tokens.
        self.model_accepts_loss_kwargs = False

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: Tensor | int | None = None,
    ) -> Tensor:
        """Mean cross entropy of the target's tokens of one conversation."""
        return model(**inputs).loss

    def _save(self, output_dir: str | None = None, state_dict: dict | None = None) -> None:
        folder = Path(output_dir or self.args.output_dir or ".")
        folder.mkdir(parents=True, exist_ok=True)
        model = self.accelerator.unwrap_model(self.model)
        save_file(trained_weights(model), folder / TRAINED)

    def _load_from_checkpoint(self, checkpoint: str, model: torch.nn.Module | None = None) -> None:
        load_trained_weights(self.accelerator.unwrap_model(self.model), Path(checkpoint) / TRAINED)


def trainer_arguments(config: FullSizeConfig) -> SFTConfig:
    """TRL's arguments for a run."""
    fixed = config.final_learning_rate == config.learning_rate
    arguments = SFTConfig(
        output_dir=config.output,
        num_train_epochs=config.epochs,
        per_device_train_batch_size=1,
        gradient_accumulation_steps=config.accumulation,
        learning_rate=config.learning_rate,
        lr_scheduler_type="constant_with_warmup" if fixed else "cosine_with_min_lr",
        lr_scheduler_kwargs=None
        if fixed
        else {"min_lr_rate": config.final_learning_rate / config.learning_rate},
        warmup_steps=config.warmup,
        weight_decay=config.weight_decay,
        max_grad_norm=config.max_grad_norm,
        bf16=torch.cuda.is_available(),
        use_cpu=not torch.cuda.is_available(),
        gradient_checkpointing=False,  # `prepare_for_training` has switched it on
        logging_steps=config.log_every,
        save_steps=config.save_every,
        save_total_limit=2,
        report_to=["tensorboard"],
        dataloader_num_workers=config.workers,
        remove_unused_columns=False,
        dataset_kwargs={"skip_prepare_dataset": True},
        ddp_find_unused_parameters=False,
        ddp_broadcast_buffers=False,  # they are constants: no reason to wait for each other
        seed=config.seed,
    )
    if arguments.device.type == "cpu":
        # Of several processes on a CPU it is `cpu:0`, which `torch.load` cannot map a resume to.
        arguments.__dict__["_setup_devices"] = torch.device("cpu")
    arguments._n_gpu = 1  # beside other GPUs the trainer would split a step over all of them
    return arguments


def train_full_size(config: FullSizeConfig, resume: bool = False) -> Path:
    """Runs SFT and saves the merged model to `config.output`/final.

    Args:
        config: of the run; its stage must be `sft`.
        resume: go on from the newest whole checkpoint in `config.output`, where there is one.

    Raises:
        TrainingConfigError, DatasetError, ModelLoadError, DryRunError: the run cannot start.
    """
    if config.stage != "sft":
        raise TrainingConfigError(f"this trains sft, the configuration's stage is {config.stage}")
    output = Path(config.output)
    if not resume:
        require_unused(output)
    samples, report = usable_samples(config)
    loaded = load_pretrained(config.model, quantization=config.quantization)
    if config.scene_encoder is not None:
        load_scene_encoder(loaded.model, Path(config.scene_encoder))
    samples = within_limit(samples, loaded.processor, config)
    check_data(config, samples, report)
    torch.manual_seed(config.seed)  # of the adapters
    wrapped = prepare_for_training(loaded.model, config)
    trainer = FullSizeTrainer(wrapped, loaded.processor, config, samples)
    checkpoint = newest_checkpoint(output, clean=trainer.is_world_process_zero())
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    final = output / "final"
    if trainer.is_world_process_zero():
        model = merged(wrapped)
        model.config.trained = True
        with written_whole(final) as part:
            loaded.processor.tokenizer.save_pretrained(part)
            model.save_pretrained(part)
    trainer.accelerator.wait_for_everyone()
    return final


def trained_weights(model: torch.nn.Module) -> dict[str, Tensor]:
    """The parameters that train, by name."""
    return {
        name: p.detach().contiguous() for name, p in model.named_parameters() if p.requires_grad
    }


def load_trained_weights(model: torch.nn.Module, path: Path) -> None:
    """Puts saved weights back.

    Raises:
        TrainingConfigError: the file is missing, or is of a run with other adapters.
    """
    if not path.is_file():
        raise TrainingConfigError(f"{path} is missing")
    saved = load_file(path)
    own = {name: p for name, p in model.named_parameters() if p.requires_grad}
    if saved.keys() != own.keys() or any(saved[n].shape != own[n].shape for n in own):
        raise TrainingConfigError(f"{path} is of a run with other adapters")
    with torch.no_grad():
        for name, parameter in own.items():
            parameter.copy_(saved[name])
