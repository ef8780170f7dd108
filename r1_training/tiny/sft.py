"""Supervised training on synthetic rooms, with TRL's SFTTrainer.

Two stages share it: `dense` trains the scene encoder and dense decoder alone, `sft` everything.
Rooms and questions are made in worker processes, views and clouds on the GPU; every room is new.

    python -m r1_training.cli train dense --config config/training/r1-tiny-dense.yaml
    python -m r1_training.cli train sft --config config/training/r1-tiny-sft.yaml
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState
from datasets import Dataset
from torch import Tensor
from torch.optim.lr_scheduler import LambdaLR
from transformers import AutoTokenizer, PreTrainedTokenizerBase, TrainerCallback
from trl import SFTConfig, SFTTrainer

from r1_model.network.modeling import SEES, R1ForConditionalGeneration
from r1_training.common.checkpoints import newest_checkpoint, start_anew
from r1_training.common.config import TrainingConfig, TrainingConfigError
from r1_training.common.labels import NAMES
from r1_training.common.loss_curve import LossCurve
from r1_training.common.present import present
from r1_training.common.whole_files import written_whole
from r1_training.tiny.batches import BatchBuilder
from r1_training.tiny.compiling import compile_parts, uses_flex
from r1_training.tiny.dense_loss import dense_losses
from r1_training.tiny.devices import average_gradients, require_devices
from r1_training.tiny.modality_dropout import drawn_levels, partly_shown
from r1_training.tiny.paced import Paced
from r1_training.tiny.packing import attention_mask, block_mask, number_table
from r1_training.tiny.prefetch import Prefetcher
from r1_training.tiny.scene_batch import RoomBatch, observe_rooms
from r1_training.tiny.step_graph import StepGraph


class R1SFTTrainer(SFTTrainer):
    """TRL's trainer over batches of rooms; observes them and adds the dense decoder's losses."""

    def __init__(
        self,
        model: R1ForConditionalGeneration,
        tokenizer: PreTrainedTokenizerBase,
        config: TrainingConfig,
        callbacks: Sequence[TrainerCallback] = (),
    ) -> None:
        self.run, self.whole = config, model  # `self.model` has an open type
        self.builder = BatchBuilder(config, tokenizer, model.config)
        self.numbers = number_table(tokenizer)
        self.paced = None
        if config.minutes is not None:
            least = config.final_learning_rate / config.learning_rate
            self.paced = Paced(config.minutes, config.steps, config.warmup, least)
        first = config.first_batch
        super().__init__(
            model=model,
            args=trainer_arguments(config),
            # a row is a batch number; the collator makes the batch in a worker process
            train_dataset=Dataset.from_dict(
                {"batch": range(first, first + config.steps * config.devices)}
            ),
            data_collator=self.builder,
            processing_class=tokenizer,
            callbacks=[LossCurve(), *([self.paced] if self.paced else []), *callbacks],
        )
        # unwrapped on several devices, too: the wrapper's hooks on the gradients live in another
        # stream than a graph is recorded in
        self.accelerator.prepare_model = partial(
            self.accelerator.prepare_model, evaluation_mode=True
        )
        self.prefetcher = Prefetcher(self.observe, self.accelerator.device)
        self.graph: StepGraph[RoomBatch] | None = None
        self.dense_losses = dense_losses
        if config.compile and self.accelerator.device.type == "cuda":
            self.dense_losses = torch.compile(dense_losses, dynamic=False)
            self.graph = StepGraph(self._step, model.parameters(), self.prefetcher.wait)

    def create_scheduler(
        self, num_training_steps: int, optimizer: torch.optim.Optimizer | None = None
    ) -> torch.optim.lr_scheduler.LRScheduler:
        """The settings' schedule; of a run that ends with its time, that of `Paced`."""
        if self.paced is None:
            return super().create_scheduler(num_training_steps, optimizer)
        rated = present(optimizer or self.optimizer, "the optimizer")
        self.lr_scheduler = LambdaLR(rated, self.paced.factor)
        return self.lr_scheduler

    def get_batch_samples(
        self, epoch_iterator: Iterator[dict[str, Any]], num_batches: int, device: torch.device
    ) -> tuple[list[dict[str, Any]], None]:
        """The next batches, observed."""
        batches = (self.prefetcher.next(epoch_iterator) for _ in range(num_batches))
        return [{"batch": batch} for batch in batches if batch is not None], None

    def observe(self, made: dict[str, Any]) -> RoomBatch:
        """Scan the rooms of a collated batch and fill the boxes into their questions."""
        mask = block_mask if uses_flex(self.whole) else attention_mask
        return observe_rooms(
            made,
            self.run,
            self.whole.config,
            self.builder.prefix,
            self.numbers,
            mask,
            self.accelerator.device,
            self.builder.mix.pack,
        )

    def training_step(
        self,
        model: torch.nn.Module,
        inputs: dict[str, Any],
        num_items_in_batch: Tensor | int | None = None,
    ) -> Tensor:
        """Forward and backward pass; compiled runs replay it from a CUDA graph."""
        model.train()
        step = self._step if self.graph is None else self.graph
        values = step(inputs["batch"])
        average_gradients(self.whole.parameters())
        self._note(values)
        return values["loss"]

    def losses(self, batch: RoomBatch) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss of a batch, and what it is the weighted sum of."""
        run, language = self.run, batch.language
        if language is not None:
            # without a cloud and views their placeholders stay what they are: words without meaning
            shown = {} if run.blind else {**batch.scene, **batch.views}
            if run.modality_dropout:
                device = self.accelerator.device
                levels = drawn_levels(len(language.input_ids), run.modality_dropout, device)
                with self.accelerator.autocast():
                    shown = partly_shown(self.whole, batch.scene, batch.views, levels)
            output = self.whole(
                input_ids=language.input_ids,
                attention_mask=language.mask,
                position_ids=language.position_ids,
                labels=language.labels,
                use_cache=False,
                **shown,
            )
            spoken, encoded = output.loss, output.encoded
        else:
            with self.accelerator.autocast():
                encoded = self.whole.model.encode_scene(**batch.scene)
            spoken = encoded.tokens.sum() * 0.0
        if encoded is None or not (run.dense_weight or language is None):
            return run.language * spoken, {"language": spoken}
        dense = self.dense_losses(encoded, batch.targets)
        loss = run.language * spoken + run.dense_weight * sum(dense.values())
        return loss, {"language": spoken, **dense}

    def _step(self, batch: RoomBatch) -> dict[str, Tensor]:
        """One forward and backward pass -> "loss" and its parts."""
        loss, named = self.losses(batch)
        self.accelerator.backward(loss)
        return {name: value.detach() for name, value in {"loss": loss, **named}.items()}

    def _note(self, losses: dict[str, Tensor]) -> None:
        # kept as tensors: reading them every step would wait for the GPU
        for name, value in losses.items():
            if name != "loss":
                self._metrics["train"][name].append(value.detach())

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Log, with the mean of each named loss since the last time."""
        for name, values in self._metrics["train"].items():
            if values and isinstance(values[0], Tensor):
                self._metrics["train"][name] = [torch.stack(values).mean().item()]
        super().log(logs, start_time)


def trainer_arguments(config: TrainingConfig) -> SFTConfig:
    """TRL's arguments for a run."""
    arguments = SFTConfig(
        output_dir=config.output,
        max_steps=config.steps,
        per_device_train_batch_size=1,
        learning_rate=config.learning_rate,
        lr_scheduler_type="cosine_with_min_lr",
        lr_scheduler_kwargs={"min_lr": config.final_learning_rate},
        warmup_steps=config.warmup,
        weight_decay=config.weight_decay,
        adam_beta2=0.98,
        max_grad_norm=1.0,
        bf16=config.precision == "bf16",
        gradient_checkpointing=False,
        logging_steps=config.log_every,
        logging_nan_inf_filter=False,  # it waits for the GPU at every step, and hides what it finds
        save_steps=config.save_every,
        save_total_limit=2,
        report_to=["tensorboard"],
        dataloader_num_workers=config.workers,
        dataloader_prefetch_factor=4 if config.workers else None,
        dataloader_persistent_workers=False,
        remove_unused_columns=False,
        dataset_kwargs={"skip_prepare_dataset": True},
        seed=config.seed,
        disable_tqdm=False,
    )
    arguments._n_gpu = 1  # beside other GPUs the trainer would split a batch over all of them
    return arguments


def freeze_for_dense(model: R1ForConditionalGeneration) -> None:
    """Only what finds and names objects trains."""
    sees = tuple(f"model.{part}." for part in SEES)
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name.startswith(sees))


def train_language_alone(model: R1ForConditionalGeneration) -> None:
    """What sees is frozen; the language model and its head train."""
    model.requires_grad_(False)
    model.model.language_model.requires_grad_(True)
    model.lm_head.requires_grad_(True)


def train(
    model_folder: str,
    config: TrainingConfig,
    resume: bool = False,
    callbacks: Sequence[TrainerCallback] = (),
) -> Path:
    """Run one stage and save the model to `config.output`/final.

    Args:
        model_folder: where model and tokenizer come from.
        config: of the run.
        resume: go on from the newest whole checkpoint in `config.output`, where there is one.
            False removes what an earlier run left there.
        callbacks: of the trainer, beside its own.

    Raises:
        TrainingConfigError: the sequences are too short for the model's scene and views, or a fresh
            start would remove the model that it starts from.
    """
    require_devices(config.devices)
    tokenizer = AutoTokenizer.from_pretrained(model_folder)
    model = R1ForConditionalGeneration.from_pretrained(model_folder, dtype=torch.float32)
    known = len(model.config.scene_config.categories)
    if config.meshes is not None and known < len(NAMES["categories"]):
        raise TrainingConfigError(
            f"{model_folder} knows {known} categories, rooms of meshes have "
            f"{len(NAMES['categories'])}: start from a model that was made for them"
        )
    if not config.conversations:
        freeze_for_dense(model)
    elif config.language_alone:
        train_language_alone(model)
    if model.model.looks is not None:
        model.model.looks.backbone.requires_grad_(False)
    if config.compile and torch.cuda.is_available():
        compile_parts(model)
    trainer = R1SFTTrainer(model, tokenizer, config, callbacks)
    front = len(trainer.builder.prefix.ids)
    if config.conversations and config.sequence_length <= front:
        raise TrainingConfigError(
            f"sequence_length {config.sequence_length} has no room for a question: scene and views "
            f"of {model_folder} alone take {front}"
        )
    output, processes = Path(config.output), PartialState()
    with processes.main_process_first():  # one of them cleans up
        if not resume and processes.is_main_process:
            start_anew(output, Path(model_folder))
        checkpoint = newest_checkpoint(output, clean=processes.is_main_process)
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    final = output / "final"
    if processes.is_main_process:
        _save(model, tokenizer, config, final)
    processes.wait_for_everyone()
    return final


def _save(
    model: R1ForConditionalGeneration,
    tokenizer: PreTrainedTokenizerBase,
    config: TrainingConfig,
    final: Path,
) -> None:
    # training in language makes the answers mean something; the dense stage alone does not
    model.config.trained = bool(config.conversations)
    vars(model.config).pop("use_cache", None)  # the trainer's: generation wants a cache
    model.requires_grad_(True)
    with written_whole(final) as part:
        model.save_pretrained(part)
        tokenizer.save_pretrained(part)
