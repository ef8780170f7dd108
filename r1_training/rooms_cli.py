"""Commands of `r1-tiny`: train its stages."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

from r1_training.common.config import training_configs

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
