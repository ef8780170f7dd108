"""`r1 reproduce`: every stage of a `ReproduceConfig`, and a table of what came of each.

A stage that has its result is not run again, one that was killed goes on from its checkpoint.
"""

from __future__ import annotations

import json
import logging
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from transformers import AutoTokenizer

from r1_model.network.modeling import R1ForConditionalGeneration
from r1_model.reasoner import Reasoner
from r1_training.evaluation.room_evaluator import evaluate_rooms
from r1_training.grpo.config import GRPORunConfig
from r1_training.grpo.run import train as train_grpo
from r1_training.grpo.watch import figures
from r1_training.reproduce.config import ReproduceConfig
from r1_training.tiny.sft import train as train_sft

RESULTS, TABLE = "results.json", "results.md"
COLUMNS = {
    "mean": "mean of three",
    "qa/correct": "QA EM",
    "grounding/acc50": "grounding Acc@0.5",
    "planning/valid": "plans valid",
    "format": "format",
}
_LOG = logging.getLogger(__name__)


def reproduce(config: ReproduceConfig, stages: Sequence[str] | None = None) -> Path:
    """Run stages and evaluate their models on unseen rooms.

    Args:
        config: of all stages.
        stages: some of `config.stages`; all by default.

    Returns:
        The table, `config.output`/results.md.

    Raises:
        TrainingConfigError, ModelLoadError, TrainingDivergedError: a stage cannot run.
    """
    output = Path(config.output)
    start = fresh_language(Path(config.model), output / "start", config.seed)
    for name in stages or config.stages:
        settings = config.stage(name)
        final = Path(settings.output) / "final"
        began = time.perf_counter()
        if final.is_dir():
            _LOG.info("%s is there already", name)
        elif isinstance(settings, GRPORunConfig):
            train_grpo(settings, resume=True)
        else:
            source = start if name == "sft" else output / "sft" / "final"
            train_sft(str(source), settings, resume=True)
            _copy_clip(start, final)
        _note(output, name, evaluate(final, config), time.perf_counter() - began)
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
    part = folder.with_name(f"{folder.name}.part")  # a kill leaves no half model behind
    fresh.save_pretrained(part)
    AutoTokenizer.from_pretrained(model).save_pretrained(part)
    _copy_clip(model, part)
    return part.rename(folder)


def evaluate(model: Path, config: ReproduceConfig) -> list[dict[str, float]]:
    """`figures` of a model on unseen rooms, one for each seed."""
    reasoner = Reasoner.from_pretrained(str(model), dtype="float32")
    return [
        figures(
            evaluate_rooms(
                reasoner, rooms=config.rooms, questions=config.questions, seed=seed, split="test"
            )
        )
        for seed in range(config.seeds)
    ]


def write_table(output: Path) -> Path:
    """The results so far as a table, one row a stage: mean over the evaluation's seeds."""
    results = _read(output)
    lines = [
        f"| stage | {' | '.join(COLUMNS.values())} | seconds |",
        "|---" * (len(COLUMNS) + 2) + "|",
    ]
    for name, found in results.items():
        values = [
            sum(seed[column] for seed in found["seeds"]) / len(found["seeds"])
            if all(column in seed for seed in found["seeds"])
            else float("nan")
            for column in COLUMNS
        ]
        cells = " | ".join(f"{value:.3f}" for value in values)
        lines.append(f"| {name} | {cells} | {found['seconds']:.0f} |")
    table = output / TABLE
    table.write_text("\n".join(lines) + "\n")
    return table


def _copy_clip(source: Path, folder: Path) -> None:
    """View selection and the semantic reward read the SceneClip beside the weights."""
    for file in source.glob("scene_clip.*"):
        shutil.copy2(file, folder)


def _read(output: Path) -> dict[str, dict]:
    path = output / RESULTS
    return json.loads(path.read_text()) if path.is_file() else {}


def _note(output: Path, name: str, seeds: list[dict[str, float]], seconds: float) -> None:
    results = _read(output)
    # a stage that was there already took its time in an earlier run
    before = results.get(name, {}).get("seconds", 0.0)
    results[name] = {"seconds": max(before, seconds), "seeds": seeds}
    part = output / f"{RESULTS}.part"
    part.write_text(json.dumps(results, indent=2) + "\n")
    part.replace(output / RESULTS)
