"""`reproduce`: the paper's second half at r1-tiny's size, in one command."""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from r1_training.common.config import training_configs

STARTING = 0.3  # minutes until a process looks at the clock, at most
CONFIG = training_configs(Path(__file__).resolve().parent.parent) / "reproduce.yaml"


def reproduce(
    output: Annotated[
        Path | None, typer.Option(help="Folder of all seeds, and of the report.")
    ] = None,
    config: Annotated[
        Path, typer.Option(exists=True, help="YAML file with the settings of all stages.")
    ] = CONFIG,
    model: Annotated[
        Path | None, typer.Option(help="Model folder whose scene branch is trained.")
    ] = None,
    meshes: Annotated[
        Path | None,
        typer.Option(help="Pack of `r1 prepare meshes`; without it nothing asks what needs views."),
    ] = None,
    stages: Annotated[
        list[str] | None, typer.Option(help="One stage; given again, several. All by default.")
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(min=0, help="Run the stages of this seed alone, here, one after the other."),
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(min=0.1, help="Of training, after which each stage named here ends."),
    ] = None,
    within: Annotated[
        float | None,
        typer.Option(
            min=0.1, help="Minutes; what still runs then is saved, and goes on next time."
        ),
    ] = None,
    gpus: Annotated[
        int | None, typer.Option(min=1, help="How many GPUs; all that there are by default.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="Folder of tables, plots, JSON; OUTPUT/report by default.")
    ] = None,
    plan: Annotated[
        bool, typer.Option("--plan", help="Only print what would run when, and where.")
    ] = False,
) -> None:
    """SFT on a limited set of rooms, its control, GRPO, and the paper's tables of them.

    Several seeds, one process a GPU; what has its result is kept, so a killed run goes on.
    """
    from r1_model.errors import R1Error
    from r1_training.common.config import TrainingConfigError
    from r1_training.common.termination import end_with_parts
    from r1_training.common.time_limit import PausedError
    from r1_training.common.writable import OutputError, require_folder
    from r1_training.grpo.trainer import TrainingDivergedError
    from r1_training.metrics.errors import EvaluationInputError
    from r1_training.reproduce.config import ReproduceConfig
    from r1_training.reproduce.jobs import Job, jobs_of, plan_text, schedule
    from r1_training.reproduce.launch import PAUSED, run_jobs, visible_gpus
    from r1_training.reproduce.report import write_report
    from r1_training.reproduce.run import reproduce as run
    from r1_training.synthetic.household.pack import MeshPackError

    end_with_parts()
    try:
        settings = ReproduceConfig.load(
            config,
            output=output and str(output),
            model=model and str(model),
            meshes=meshes and str(meshes),
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
        if seed is not None and plan:
            settings = replace(settings, seed=seed, replicates=1)
        elif seed is not None:
            pause_at = time.monotonic() + 60 * (within or float("inf"))
            typer.echo(run(settings.at(seed), stages, limits, pause_at).read_text())
            return
    except (TrainingConfigError, EvaluationInputError, R1Error, OutputError) as error:
        raise typer.BadParameter(str(error)) from error
    except MeshPackError as error:
        raise typer.BadParameter(str(error)) from error
    except PausedError as error:
        typer.echo(f"{error}: the same command goes on", err=True)
        raise typer.Exit(PAUSED) from error
    except TrainingDivergedError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from error

    def command(job: Job, left: float) -> list[str]:
        given = {"--output": output, "--config": config, "--model": model, "--meshes": meshes}
        words = [sys.executable, "-m", "r1_training.cli", "reproduce", "--seed", f"{job.seed}"]
        for name, value in (*given.items(), ("--minutes", minutes)):
            words += [] if value is None else [name, str(value)]
        if left < float("inf"):
            words += ["--within", f"{max(0.1, left - STARTING):.2f}"]
        return [*words, "--stages", job.stage]

    jobs = jobs_of(settings, stages or (), minutes)
    places = visible_gpus()[:gpus]
    planned = schedule(jobs, gpus or len(places) or 1, within or float("inf"))
    typer.echo(plan_text(planned, jobs))
    if plan:
        return
    logs = Path(settings.output) / "logs"
    failed = run_jobs(jobs, command, places, logs, within or float("inf"))
    typer.echo(write_report(settings, report, sys.argv[1:]).read_text())
    if failed:
        typer.echo(f"error: {', '.join(job.name for job in failed)} failed, see {logs}", err=True)
        raise typer.Exit(1)
