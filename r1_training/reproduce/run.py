"""Stages of one seed of a `ReproduceConfig`, one after the other.

A stage that has its result is not run again, one that was killed goes on from its checkpoint, and
one whose weights were brought from another machine (`NAME.safetensors`) is taken as done.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import cast

import torch
from transformers import AutoTokenizer

from r1_model.gpu_memory import give_back
from r1_model.network.modeling import R1ForConditionalGeneration
from r1_model.reasoner import Reasoner
from r1_training.common.config import TrainingConfig
from r1_training.common.history import read_history
from r1_training.common.whole_files import written_whole
from r1_training.evaluation.room_evaluator import evaluate_rooms
from r1_training.grpo.config import GRPORunConfig
from r1_training.reproduce.comparison import Row, rows_of, summary
from r1_training.reproduce.config import FIRST, ReproduceConfig, ShownConfig
from r1_training.reproduce.language_weights import load_language, save_language
from r1_training.reproduce.results import (
    is_done,
    locked,
    note_answers,
    note_training,
    read_results,
    write_table,
)
from r1_training.reproduce.shown import evaluate_shown
from r1_training.reproduce.stage import (
    SPENT,
    Limits,
    train_grpo_stage,
    train_sft_stage,
    train_while_it_gains,
)

LENIENCE = 1.2  # a control that is a little slower than SFT was still comes to its end
WARM = 25.0  # seconds until SFT is at its pace where the machine has compiled it before


def reproduce(
    config: ReproduceConfig,
    stages: Sequence[str] | None = None,
    minutes: Mapping[str, float] | None = None,
    pause_at: float = float("inf"),
) -> Path:
    """Run stages and evaluate their models on unseen rooms.

    Args:
        config: of all stages, of one seed (`ReproduceConfig.at`).
        stages: some of `config.stages`; all by default.
        minutes: of stages, in place of `config.minutes`.
        pause_at: on the clock of `time.monotonic`; see `Limits`.

    Returns:
        The table, `config.output`/results.md.

    Raises:
        TrainingConfigError, ModelLoadError, TrainingDivergedError: a stage cannot run.
        PausedError: a stage has to go on later.
    """
    output, limits = Path(config.output), minutes or {}
    with locked(output):  # others may run other stages of this seed
        start = fresh_language(Path(config.model), output / "start", config.seed)
    for name in stages or config.stages:
        if not is_done(output, name):
            give_back()  # what the stage before had: each takes a good part of a GPU
            _have_before(config, name, start)
            asked = config.stage(name)
            if not isinstance(asked, ShownConfig):
                _train(config, name, start, Limits(limits.get(name, config.limit(name)), pause_at))
            began = time.perf_counter()
            if isinstance(asked, ShownConfig):
                rows = evaluate_shown(output / asked.stage / "final", asked, config)
            else:
                rows = evaluate(output / name / "final", config)
            seconds = time.perf_counter() - began
            against = None if isinstance(asked, ShownConfig) else FIRST
            note_answers(output, name, rows, against, evaluation_seconds=seconds)
        write_table(output)
    return write_table(output)


def fresh_language(model: Path, folder: Path, seed: int) -> Path:
    """The model with its scene branch as it is and an untrained language model; made once.

    Args:
        model: folder to start from.
        folder: of the result.
        seed: of the new weights.
    """
    if folder.is_dir():
        return folder
    torch.manual_seed(seed)
    fresh = R1ForConditionalGeneration.from_pretrained(model, dtype=torch.float32)
    untrained = R1ForConditionalGeneration(fresh.config)
    fresh.model.language_model.load_state_dict(untrained.model.language_model.state_dict())
    fresh.tie_weights()
    with written_whole(folder) as part:  # a kill leaves no half model behind
        fresh.save_pretrained(part)
        _copy_beside(model, part)
    return folder


def evaluate(model: Path, config: ReproduceConfig, split: str = "test") -> list[Row]:
    """What is kept of the answers of a model on unseen rooms."""
    reasoner = Reasoner.from_pretrained(str(model), dtype="float32")
    return [
        row
        for seed in range(config.seeds)
        for row in rows_of(
            evaluate_rooms(
                reasoner,
                rooms=config.rooms,
                questions=config.questions,
                seed=seed,
                split=split,
                tasks=config.tasks,
            )
        )
    ]


def _validated(config: ReproduceConfig, model: Path) -> float:
    """The mean of the figures that count, in rooms that neither training nor the tables see."""
    return summary(evaluate(model, config, "val"))["mean"].mean


def _have_before(config: ReproduceConfig, name: str, start: Path) -> None:
    """What a stage starts from, and the stage itself, from weights that were carried here."""
    output = Path(config.output)
    before = config.before(name)
    with locked(output):
        for one in (name, before):
            if one is not None and not isinstance(config.stage(one), ShownConfig):
                _bring(output, one, start)


def _train(config: ReproduceConfig, name: str, start: Path, limits: Limits) -> None:
    output, run = Path(config.output), config.stage(name)
    final = output / name / "final"
    if final.is_dir():
        return
    if isinstance(run, ShownConfig):
        raise TypeError(f"{name} trains nothing")
    rate = run.learning_rate
    if isinstance(run, GRPORunConfig):
        tried = config.rates.get(name, ())
        rate, trained = train_grpo_stage(run, tried, config.trial_steps, limits)
    elif name == FIRST and config.lengths:
        trained = train_while_it_gains(
            run, start, config.lengths, partial(_validated, config), limits
        )
    elif config.before(name) is None:
        trained = train_sft_stage(run, start, limits)
    else:
        run, lenient = _control(run, config, limits)
        trained = train_sft_stage(run, output / FIRST / "final", lenient)
    _copy_beside(start, final)
    save_language(final, output / f"{name}.safetensors")
    history = read_history(output / name)
    with written_whole(output / f"{name}.history.json") as part:
        part.write_text(json.dumps(history))
    done = max((int(row.get("step", 0)) for row in history), default=0)
    note_training(output, name, **asdict(trained), steps=done, rate=rate)


def _control(
    run: TrainingConfig, config: ReproduceConfig, limits: Limits
) -> tuple[TrainingConfig, Limits]:
    """A control with its number of steps, which is kept: one that goes on has the same.

    Its batches are those that SFT would have had next, not the same scans and frames again.
    """
    output, sft = Path(config.output), cast(TrainingConfig, config.stage(FIRST))
    file = Path(run.output) / "steps.json"
    if not file.is_file():
        results = read_results(output)
        # the first that was run
        against = next((name for name in config.grpo if results.get(name, {}).get("seconds")), "")
        warm = (output / FIRST / SPENT).is_file()  # is not carried from machine to machine
        steps = control_steps(results, against, limits.minutes, warm) or run.steps
        file.parent.mkdir(parents=True, exist_ok=True)
        with written_whole(file) as part:
            part.write_text(json.dumps(min(run.steps, steps)))
    minutes = limits.minutes and LENIENCE * limits.minutes
    steps, first = json.loads(file.read_text()), max([sft.steps, *config.lengths]) * sft.devices
    return replace(run, steps=steps, first_batch=first), replace(limits, minutes=minutes)


def control_steps(
    results: Mapping[str, Mapping], against: str, minutes: float | None, warm: bool = False
) -> int | None:
    """Steps of a control: as many as SFT makes in the time of what it is a control of.

    A control's rate falls to its end, so its length must be known when it starts.

    Args:
        results: of the stages so far.
        against: name of the other stage.
        minutes: that it has at most.
        warm: SFT was compiled on this machine, which took most of its start.

    Returns:
        None where nothing tells.
    """
    seconds = results.get(against, {}).get("seconds") or (minutes and 60 * minutes)
    first = results.get(FIRST, {})
    if not seconds or not first.get("seconds"):
        return None
    if minutes:
        seconds = min(seconds, 60 * minutes)
    # SFT's start is not in its pace, and the control's own start is in its time
    starting, slow = first.get("starting", 0.0), first.get("slow", 0)
    pace = (first["steps"] - slow) / max(first["seconds"] - starting, 1e-6)
    own = min(starting, WARM) if warm else starting
    return max(1, int(slow + (seconds - own) * pace))


def _bring(output: Path, name: str, start: Path) -> None:
    """A stage's result from the weights that were carried here, where there is no other."""
    final, file = output / name / "final", output / f"{name}.safetensors"
    if not final.is_dir() and file.is_file():
        load_language(start, file, final)
        _copy_beside(start, final)


def _copy_beside(source: Path, folder: Path) -> None:
    """Tokenizer and SceneClip, which view selection and the semantic reward read."""
    AutoTokenizer.from_pretrained(source).save_pretrained(folder)
    for file in source.glob("scene_clip.*"):
        shutil.copy2(file, folder)
