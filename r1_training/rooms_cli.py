"""Commands of `r1-tiny`: train its stages, evaluate it on unseen rooms."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from r1_training.common.config import training_configs

if TYPE_CHECKING:
    from r1_training.evaluation.room_evaluator import Asked

train = typer.Typer(help="Train r1-tiny on synthetic rooms.", no_args_is_help=True)
CONFIGS = training_configs(Path(__file__).resolve().parent)
SETTINGS = "YAML file with the run's settings."
START = "Start from this model folder instead of the settings' `init`."
RESUME = (
    "Go on from the newest checkpoint in the settings' `output`; --no-resume removes those there."
)
Workers = Annotated[int | None, typer.Option(help="Processes that make rooms and questions.")]
Devices = Annotated[int | None, typer.Option(help="GPUs, each a process of torchrun.")]


@train.command("tiny")
def train_tiny(
    output: Annotated[Path, typer.Option(help="Folder of all stages.")] = Path("output/r1-tiny"),
    configs: Annotated[Path, typer.Option(help="Folder of the stages' YAML files.")] = CONFIGS,
    devices: Devices = None,
    workers: Workers = None,
    known: Annotated[
        Path | None,
        typer.Option(exists=True, help="Carry over what this model knows, instead of nothing."),
    ] = None,
) -> None:
    """The whole recipe: tokenizer, dense stage, SFT, view selection. Resumes after a kill."""
    from r1_model.errors import R1Error
    from r1_training.common.config import TrainingConfigError
    from r1_training.common.writable import OutputError, require_folder
    from r1_training.synthetic.household.pack import MeshPackError
    from r1_training.tiny.recipe import train_tiny as run

    try:
        require_folder(output)
        finished = run(configs, output, devices, workers, known)
    except (TrainingConfigError, OutputError, MeshPackError, R1Error) as error:
        raise typer.BadParameter(str(error)) from error
    typer.echo(f"finished: {finished}")


@train.command("dense")
def train_dense(
    config: Annotated[Path, typer.Option(exists=True, help=SETTINGS)] = (
        CONFIGS / "r1-tiny-dense.yaml"
    ),
    model: Annotated[Path | None, typer.Option(help=START)] = None,
    resume: Annotated[bool, typer.Option(help=RESUME)] = True,
    devices: Devices = None,
    workers: Workers = None,
) -> None:
    """Scene encoder and dense decoder alone."""
    _stage(config, model, resume, devices, workers)


@train.command("sft")
def train_sft(
    config: Annotated[Path, typer.Option(exists=True, help=SETTINGS)] = (
        CONFIGS / "r1-tiny-sft.yaml"
    ),
    model: Annotated[Path | None, typer.Option(help=START)] = None,
    resume: Annotated[bool, typer.Option(help=RESUME)] = True,
    devices: Devices = None,
    workers: Workers = None,
) -> None:
    """Everything, on questions of all seven tasks in three languages."""
    _stage(config, model, resume, devices, workers)


@train.command("grpo")
def train_grpo(
    config: Annotated[Path, typer.Option(exists=True, help=SETTINGS)] = (
        CONFIGS / "r1-tiny-grpo.yaml"
    ),
    model: Annotated[
        Path | None, typer.Option(help="The SFT model, instead of the settings' `model`.")
    ] = None,
    output: Annotated[Path | None, typer.Option(help="Folder of the run.")] = None,
    devices: Devices = None,
    resume: Annotated[bool, typer.Option(help=RESUME)] = True,
    workers: Workers = None,
) -> None:
    """Reinforcement learning from an SFT model: GRPO, DAPO, Dr.GRPO or GSPO."""
    from r1_model.errors import R1Error
    from r1_training.common.config import TrainingConfigError
    from r1_training.common.writable import OutputError, require_folder
    from r1_training.grpo.config import GRPORunConfig
    from r1_training.grpo.run import train as run
    from r1_training.grpo.trainer import TrainingDivergedError
    from r1_training.metrics.errors import EvaluationInputError

    try:
        settings = GRPORunConfig.load(
            config,
            model=model and str(model),
            output=output and str(output),
            devices=devices,
            workers=workers,
        )
        require_folder(Path(settings.output))
        finished = run(settings, resume)
    except (TrainingConfigError, EvaluationInputError, R1Error, OutputError) as error:
        raise typer.BadParameter(str(error)) from error
    except TrainingDivergedError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from error
    typer.echo(f"finished: {finished}")


@train.command("clip")
def train_clip(
    config: Annotated[Path, typer.Option(exists=True, help=SETTINGS)] = CONFIGS / "clip.yaml",
    model: Annotated[
        Path | None, typer.Option(help="Model folder with a trained scene encoder.")
    ] = None,
    output: Annotated[Path | None, typer.Option(help="Folder of log and result.")] = None,
    workers: Workers = None,
) -> None:
    """The CLIP of view selection, beside the model's weights. Resumes after a kill."""
    from r1_model.errors import ModelLoadError
    from r1_training.clip.train import ClipTrainingConfig
    from r1_training.clip.train import train as run
    from r1_training.common.config import TrainingConfigError
    from r1_training.common.writable import OutputError, require_folder

    try:
        settings = ClipTrainingConfig.load(
            config, model=model and str(model), output=output and str(output), workers=workers
        )
        require_folder(Path(settings.output))
        report = run(settings)
    except (TrainingConfigError, ModelLoadError, OutputError) as error:
        raise typer.BadParameter(str(error)) from error
    typer.echo(report.table())


def _stage(
    config: Path, model: Path | None, resume: bool, devices: int | None, workers: int | None
) -> None:
    from accelerate import PartialState

    from r1_model.errors import R1Error
    from r1_training.common.checkpoints import start_anew
    from r1_training.common.config import TrainingConfig, TrainingConfigError
    from r1_training.common.writable import OutputError, require_folder
    from r1_training.synthetic.household.pack import MeshPackError
    from r1_training.tiny.recipe import start_tiny
    from r1_training.tiny.sft import train as run

    try:
        settings = TrainingConfig.load(
            config, init=model and str(model), devices=devices, workers=workers
        )
        start, output = settings.init, Path(settings.output)
        if start is not None and not Path(start, "config.json").is_file():
            raise TrainingConfigError(f"there is no model in {start}")
        require_folder(output)
        if start is None:
            folder = output / "start"
            if not resume and PartialState().is_main_process:
                start_anew(output)  # first: without its start nobody may go on with a checkpoint
                shutil.rmtree(folder, ignore_errors=True)
            start = str(start_tiny(folder, settings))
        finished = run(start, settings, resume)
    except (TrainingConfigError, OutputError, MeshPackError, R1Error) as error:
        raise typer.BadParameter(str(error)) from error
    typer.echo(f"finished: {finished}")


def evaluate_rooms(
    model: Annotated[str, typer.Argument(help="Preset or folder.")] = "r1-tiny",
    rooms: Annotated[int, typer.Option(min=1, help="Unseen rooms per seed.")] = 200,
    questions: Annotated[int, typer.Option(min=1, help="Questions per room.")] = 12,
    seeds: Annotated[int, typer.Option(min=1, help="Evaluation seeds.")] = 3,
    split: Annotated[Literal["val", "test"], typer.Option(help="Of the rooms' seeds.")] = "test",
    blind: Annotated[bool, typer.Option(help="Hide points and views: a text-only baseline.")] = (
        False
    ),
    baselines: Annotated[
        bool,
        typer.Option(
            help="Beside each figure: the model blind, and the most common training answer."
        ),
    ] = False,
    blind_json: Annotated[
        Path | None,
        typer.Option(
            help="Blind figures from this file, written by --blind --output, perhaps of a model "
            "that was trained blind."
        ),
    ] = None,
    pictures: Annotated[
        Path | None, typer.Option(help="Draw right and wrong answers into this folder.")
    ] = None,
    device: Annotated[str, typer.Option(help="cpu, cuda or auto.")] = "auto",
    output: Annotated[Path | None, typer.Option(help="Write the numbers to this file.")] = None,
) -> None:
    """Ask a model about rooms it has never seen: every task, language, and held-out combination."""
    from r1_model.errors import ModelLoadError
    from r1_model.reasoner import Reasoner
    from r1_training.common.writable import OutputError, require_file, require_folder
    from r1_training.evaluation import report
    from r1_training.evaluation.answer_pictures import FontMissingError, font, write_pictures
    from r1_training.evaluation.blind import BlindReasoner
    from r1_training.evaluation.majority import (
        answered_by_majority,
        majority_answers,
        training_samples,
    )
    from r1_training.evaluation.room_detection import detection_map
    from r1_training.evaluation.room_evaluator import evaluate_rooms as run
    from r1_training.evaluation.room_evaluator import questions_digest

    if blind and (baselines or blind_json):
        raise typer.BadParameter("a blind run has no blind baseline: leave out --blind")
    settings = report.Settings(
        str(model), rooms, questions, seeds, split, blind, questions_digest(split)
    )
    beside = {}
    try:  # what can be wrong is found before an hour of questions
        if output is not None:
            require_file(output)
        if pictures is not None:
            require_folder(pictures)
        sighted = Reasoner.from_pretrained(model, device=device)
        if blind_json is not None:
            beside["blind"] = report.read_blind(blind_json, settings)
        if pictures is not None:
            font(18)
    except (ModelLoadError, report.ReportError, FontMissingError, OutputError) as error:
        raise typer.BadParameter(str(error)) from error

    def ask(reasoner: Reasoner) -> list[list[Asked]]:
        return [
            run(reasoner, rooms=rooms, questions=questions, seed=seed, split=split)
            for seed in range(seeds)
        ]

    def unsighted() -> Reasoner:  # asked for once at most
        return BlindReasoner.from_pretrained(model, device=device)

    runs = ask(unsighted() if blind else sighted)
    found = report.by_group(runs)
    if baselines:
        if "blind" not in beside:
            beside["blind"] = report.by_group(ask(unsighted()))
        answers = majority_answers(training_samples())
        beside["majority"] = report.by_group([answered_by_majority(one, answers) for one in runs])
    for name, figures in found.items():
        others = {baseline: groups[name] for baseline, groups in beside.items()}
        typer.echo(f"\n--- by {name} (mean ± half the spread of {seeds} seeds)")
        typer.echo(report.table(figures, others))
    detection = [
        detection_map(sighted, rooms=rooms, seed=seed, split=split) for seed in range(seeds)
    ]
    typer.echo("\n--- detection, percent, one row a seed")
    for row in detection:
        typer.echo("  ".join(f"{name} {value:.1f}" for name, value in row.items()))
    if output is not None:
        report.write(output, settings, found, beside, detection)
    if pictures is not None:
        drawn = write_pictures(runs[0], rooms, pictures, sighted.device)
        typer.echo(f"\n{len(drawn)} pictures in {pictures}")
