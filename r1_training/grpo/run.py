"""One GRPO run of an r1-tiny model, from its SFT model to the folder of the result.

    python -m r1_training.cli train grpo --config config/training/r1-tiny-grpo.yaml --model FOLDER

Scene encoder and views' tower are frozen, so a room is encoded once for all answers about it; the
language model trains.
"""

from __future__ import annotations

import multiprocessing
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager, nullcontext
from pathlib import Path

import torch
from transformers import AutoTokenizer, TrainerCallback

from r1_model.network.modeling import R1ForConditionalGeneration
from r1_training.common.checkpoints import newest_checkpoint, start_anew
from r1_training.common.config import TrainingConfigError
from r1_training.common.whole_files import written_whole
from r1_training.grpo.config import GRPORunConfig
from r1_training.grpo.questions import RoomQuestions, import_this
from r1_training.grpo.trainer import R1GRPOTrainer
from r1_training.grpo.watch import Watch
from r1_training.rewards.text_embeddings import load_text_embeddings
from r1_training.tiny.room_prompts import RoomPrompts
from r1_training.tiny.sft import train_language_alone


def train(
    config: GRPORunConfig,
    resume: bool = False,
    callbacks: Sequence[TrainerCallback] = (),
    pool: Executor | None = None,
) -> Path:
    """Run GRPO and save the model to `config.output`/final.

    Args:
        config: of the run.
        resume: go on from the newest whole checkpoint in `config.output`, where there is one.
            False removes what an earlier run left there.
        callbacks: of the trainer, beside its own.
        pool: of `worker_pool`, where several runs share one: its processes take a while to start.
            None: the run has its own.

    Raises:
        TrainingConfigError: there is no model to start from, or a fresh start would remove it.
        EvaluationInputError, ModelLoadError: the CLIP of the semantic reward cannot be loaded.
        TrainingDivergedError: gradients stopped being numbers.
    """
    output, folder = Path(config.output), Path(config.model)
    if not (folder / "config.json").is_file():
        raise TrainingConfigError(f"there is no model in {folder}")
    if not resume:
        start_anew(output, folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = R1ForConditionalGeneration.from_pretrained(folder, dtype=torch.float32)
    train_language_alone(model)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    embeddings = None
    if config.reward_semantic:
        embeddings = load_text_embeddings(config.embeddings or config.model, device)
    with nullcontext(pool) if pool is not None else worker_pool(config.workers) as workers:
        watch = Watch()
        model.to(device)  # type: ignore[arg-type]  # transformers' wrapper has lost `self`
        questions = RoomQuestions(config, RoomPrompts(model, tokenizer), workers)
        trainer = R1GRPOTrainer(
            model, tokenizer, config, questions, embeddings, [watch, *callbacks]
        )
        watch.trainer = trainer
        checkpoint = newest_checkpoint(output, clean=trainer.is_world_process_zero())
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    final = output / "final"
    if trainer.is_world_process_zero():
        _save(trainer, final)
    trainer.accelerator.wait_for_everyone()
    trainer.accelerator.end_training()  # or the process group may abort at the interpreter's end
    return final


@contextmanager
def worker_pool(workers: int) -> Iterator[Executor | None]:
    """Processes that make rooms and judge answers; None for 0."""
    if not workers:
        yield None
        return
    # not forked: a fork of a process with a GPU and threads may hang
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, torch.set_num_threads, (1,)) as pool:
        for _ in range(workers):  # they start, and import, while the model is loaded
            pool.submit(import_this)
        yield pool


def _save(trainer: R1GRPOTrainer, final: Path) -> None:
    model = trainer.accelerator.unwrap_model(trainer.model)
    vars(model.config).pop("use_cache", None)  # the trainer's: generation wants a cache
    model.requires_grad_(True)
    with written_whole(final) as part:
        with trainer.delivered():
            model.save_pretrained(part)
        trainer.own_tokenizer.save_pretrained(part)
        for file in Path(trainer.run.model).glob("scene_clip.*"):  # view selection stays as it was
            shutil.copy2(file, part)
