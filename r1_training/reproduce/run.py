"""`r1 reproduce`: every stage of a `ReproduceConfig`, and a table of what came of each.

A stage that has its result is not run again, one that was killed goes on from its checkpoint, and
one whose weights were brought from another machine (`NAME.safetensors`) is taken as done.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import torch
from transformers import AutoTokenizer

from r1_model.network.modeling import R1ForConditionalGeneration
from r1_model.reasoner import Reasoner
from r1_training.common.history import read_history
from r1_training.common.whole_files import written_whole
from r1_training.evaluation.room_evaluator import evaluate_rooms
from r1_training.grpo.config import GRPORunConfig
from r1_training.reproduce.comparison import Figure, Row, rows_of, summary
from r1_training.reproduce.config import ReproduceConfig
from r1_training.reproduce.language_weights import load_language, save_language
from r1_training.reproduce.stage import train_grpo_stage, train_sft_stage

RESULTS, TABLE, ANSWERS = "results.json", "results.md", "answers"
COLUMNS = {
    "mean": "mean of three",
    "qa/correct": "QA EM",
    "grounding/acc50": "grounding Acc@0.5",
    "planning/valid": "plans valid",
    "format": "format",
}
FIRST = "sft"  # what the others start from, and are compared with
LENIENCE = 1.2  # a control that is a little slower than SFT was still comes to its end


def reproduce(
    config: ReproduceConfig,
    stages: Sequence[str] | None = None,
    minutes: Mapping[str, float] | None = None,
) -> Path:
    """Run stages and evaluate their models on unseen rooms.

    Args:
        config: of all stages.
        stages: some of `config.stages`; all by default.
        minutes: of stages, in place of `config.minutes`.

    Returns:
        The table, `config.output`/results.md.

    Raises:
        TrainingConfigError, ModelLoadError, TrainingDivergedError: a stage cannot run.
    """
    output = Path(config.output)
    start = fresh_language(Path(config.model), output / "start", config.seed)
    for name in stages or config.stages:
        if name != FIRST:
            _bring(output, FIRST, start)
        _bring(output, name, start)
        final = output / name / "final"
        if not final.is_dir():
            _run(config, name, start, (minutes or config.minutes).get(name))
        if name not in _read(output) or not (output / ANSWERS / f"{name}.json").is_file():
            began = time.perf_counter()
            rows = evaluate(final, config)
            _note(output, name, rows, evaluation_seconds=time.perf_counter() - began)
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


def evaluate(model: Path, config: ReproduceConfig) -> list[list[Row]]:
    """What is kept of the answers of a model on unseen rooms, for each seed."""
    reasoner = Reasoner.from_pretrained(str(model), dtype="float32")
    return [
        rows_of(
            evaluate_rooms(
                reasoner,
                rooms=config.rooms,
                questions=config.questions,
                seed=seed,
                split="test",
                tasks=config.tasks,
            )
        )
        for seed in range(config.seeds)
    ]


def write_table(output: Path) -> Path:
    """The results so far: a row a stage, and how far each is from `FIRST` on the same questions."""
    results, names = _read(output), list(COLUMNS)
    lines = [
        f"| stage | {' | '.join(COLUMNS.values())} | steps | rate | seconds |",
        "|---" * (len(COLUMNS) + 4) + "|",
    ]
    for name, found in results.items():
        cells = [_cell(found["figures"].get(column)) for column in names]
        tail = [f"{found['steps']}", f"{found['rate']:g}", f"{found['seconds']:.0f}"]
        lines.append(f"| {name} | {' | '.join(cells + tail)} |")
        if "change" in found:
            cells = [_cell(found["change"].get(column), "+") for column in names]
            lines.append(f"| {name} - {FIRST} | {' | '.join(cells)} | | | |")
    with written_whole(output / TABLE) as part:
        part.write_text("\n".join(lines) + "\n")
    return output / TABLE


def _run(config: ReproduceConfig, name: str, start: Path, minutes: float | None) -> None:
    output, run = Path(config.output), config.stage(name)
    began, rate = time.perf_counter(), run.learning_rate
    if isinstance(run, GRPORunConfig):
        rate = train_grpo_stage(run, config.rates.get(name, ()), config.trial_steps, minutes)
    elif name == FIRST:
        train_sft_stage(run, start, minutes)
    else:
        steps = control_steps(_read(output), next(iter(config.grpo), ""), minutes)
        run = replace(run, steps=min(run.steps, steps or run.steps))
        train_sft_stage(run, output / FIRST / "final", minutes and LENIENCE * minutes)
    seconds = time.perf_counter() - began
    final = output / name / "final"
    _copy_beside(start, final)
    save_language(final, output / f"{name}.safetensors")
    history = read_history(output / name)
    with written_whole(output / f"{name}.history.json") as part:
        part.write_text(json.dumps(history))
    done = max((int(row.get("step", 0)) for row in history), default=0)
    _update(output, name, seconds=seconds, steps=done, rate=rate)


def control_steps(
    results: Mapping[str, Mapping], against: str, minutes: float | None
) -> int | None:
    """Steps of a control: as many as SFT makes in the time of what it is a control of.

    A control's rate falls to its end, so its length must be known when it starts.

    Args:
        results: of the stages so far.
        against: name of the other stage.
        minutes: that it has at most.

    Returns:
        None where nothing tells.
    """
    seconds = results.get(against, {}).get("seconds") or (minutes and 60 * minutes)
    first = results.get(FIRST, {})
    if not seconds or not first.get("seconds"):
        return None
    if minutes:
        seconds = min(seconds, 60 * minutes)
    return max(1, int(seconds * first["steps"] / first["seconds"]))


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


def _note(output: Path, name: str, seeds: Sequence[Sequence[Row]], **more: float) -> None:
    rows = [row for seed in seeds for row in seed]
    (output / ANSWERS).mkdir(exist_ok=True)
    with written_whole(output / ANSWERS / f"{name}.json") as part:
        part.write_text(json.dumps(rows))
    figures: dict[str, object] = {"figures": _plain(summary(rows))}
    before = output / ANSWERS / f"{FIRST}.json"
    if name != FIRST and before.is_file():
        figures["change"] = _plain(summary(rows, json.loads(before.read_text())))
    _update(output, name, **figures, **more)


def _update(output: Path, name: str, **values: object) -> None:
    results = _read(output)
    old = results.get(name, {"seconds": 0.0, "steps": 0, "rate": 0.0, "figures": {}})
    results[name] = {**old, **values}
    with written_whole(output / RESULTS) as part:
        part.write_text(json.dumps(results, indent=1) + "\n")


def _read(output: Path) -> dict[str, dict]:
    path = output / RESULTS
    return json.loads(path.read_text()) if path.is_file() else {}


def _plain(figures: Mapping[str, Figure]) -> dict[str, dict]:
    return {name: asdict(figure) for name, figure in figures.items()}


def _cell(figure: Mapping[str, float] | None, sign: str = "") -> str:
    if figure is None:
        return "-"
    return f"{figure['mean']:{sign}.3f} ± {figure['error']:.3f}"
