"""`reproduce`: the paper's second half at r1-tiny's size, in one command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from r1_training.common.config import training_configs

CONFIG = training_configs(Path(__file__).resolve().parent.parent) / "reproduce.yaml"


def reproduce(
    output: Annotated[
        Path | None, typer.Option(help="Folder of all stages and of the table.")
    ] = None,
    config: Annotated[
        Path, typer.Option(exists=True, help="YAML file with the settings of all stages.")
    ] = CONFIG,
    model: Annotated[
        Path | None, typer.Option(help="Model folder whose scene branch is trained.")
    ] = None,
    stages: Annotated[
        list[str] | None, typer.Option(help="One stage; given again, several. All by default.")
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(min=0.1, help="Of training, after which each stage named here ends."),
    ] = None,
) -> None:
    """SFT on a limited set of rooms, its control, and GRPO; a stage that has its result is kept."""
    from r1_model.errors import R1Error
    from r1_training.common.config import TrainingConfigError
    from r1_training.common.writable import OutputError, require_folder
    from r1_training.grpo.trainer import TrainingDivergedError
    from r1_training.metrics.errors import EvaluationInputError
    from r1_training.reproduce.config import ReproduceConfig
    from r1_training.reproduce.run import reproduce as run

    try:
        settings = ReproduceConfig.load(
            config, output=output and str(output), model=model and str(model)
        )
        unknown = sorted(set(stages or ()) - set(settings.stages))
        if unknown:
            raise TrainingConfigError(
                f"no stages {', '.join(unknown)}: there are {', '.join(settings.stages)}"
            )
        if not Path(settings.model, "config.json").is_file():
            raise TrainingConfigError(f"there is no model in {settings.model}")
        require_folder(Path(settings.output))
        limits = None if minutes is None else dict.fromkeys(stages or settings.stages, minutes)
        table = run(settings, stages, limits)
    except (TrainingConfigError, EvaluationInputError, R1Error, OutputError) as error:
        raise typer.BadParameter(str(error)) from error
    except TrainingDivergedError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from error
    typer.echo(table.read_text())
