"""`r1 predict`: our model's answers to the field's data sets, for `r1 evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from r1_model.errors import R1Error
from r1_training.common.messages import say, say_error
from r1_training.common.resumable_lines import ResumeError
from r1_training.datasets.errors import DatasetError
from r1_training.metrics.errors import EvaluationError, EvaluationInputError
from r1_training.metrics.inputs import DATASETS, EvaluationInputs

SHOWN_PROBLEMS = 10
Policy = Literal["selected", "bottom", "even", "horizontal", "coverage", "all"]


def predict(
    model: Annotated[str, typer.Argument(help="Preset or folder of the model.")],
    out: Annotated[Path, typer.Argument(help="Predictions, .jsonl; run again to resume.")],
    dataset: Annotated[str, typer.Option(help=f"One of: {', '.join(DATASETS)}.")],
    scannet: Annotated[
        Path | None, typer.Option(help="Folder of `r1 prepare scannet`; not for Cap3D.")
    ] = None,
    annotations: Annotated[Path | None, typer.Option(help="The data set's own file.")] = None,
    questions: Annotated[Path | None, typer.Option(help="SQA3D's questions file.")] = None,
    labels: Annotated[
        Path | None, typer.Option(help="scannetv2-labels.combined.tsv, for detection.")
    ] = None,
    split: Annotated[
        Literal["train", "val", "test"], typer.Option(help="Which split the file is.")
    ] = "val",
    on_bad: Annotated[
        Literal["fatal", "skip"], typer.Option(help="What a bad annotation row is.")
    ] = "fatal",
    objects: Annotated[
        Path | None, typer.Option(help="Cap3D: folder of clouds UID.ply, .npy or .npz.")
    ] = None,
    uids: Annotated[
        Path | None,
        typer.Option(help="Cap3D: file of the wanted uids, one a line; all by default."),
    ] = None,
    captions: Annotated[
        Literal["scene", "detected", "given"],
        typer.Option(help="Dense captions: of all objects at once, or one after the other."),
    ] = "scene",
    views: Annotated[Policy, typer.Option(help="How the views that it is shown are chosen.")] = (
        "selected"
    ),
    num_views: Annotated[
        int | None, typer.Option(min=0, help="How many; by default as the model has it.")
    ] = None,
    modalities: Annotated[
        str, typer.Option(help="What it sees beside the text, some of image,depth,points.")
    ] = "image,depth,points",
    weights: Annotated[
        str | None, typer.Option(help="w_t,w_c,w_clip of view selection, e.g. 0.3,0.5,0.5.")
    ] = None,
    temperature: Annotated[float, typer.Option(help="Of sampling; 0 is greedy.")] = 0.0,
    seed: Annotated[int, typer.Option(help="Of sampling.")] = 0,
    max_new_tokens: Annotated[
        int | None, typer.Option(help="Of an answer; by default its task's own.")
    ] = None,
    device: Annotated[str, typer.Option(help="cpu, cuda or auto.")] = "auto",
) -> None:
    """Ask a model everything that `r1 evaluate` scores, and write the prediction file.

    Its switches make the rows of the paper's ablations. The exit status is 1 where predictions are
    missing: scenes that are not prepared or broken. Under torchrun the processes share the scenes,
    each with a file of its own until all are done.
    """
    # Imported late: they load PyTorch and scipy, and --help should not.
    from r1_training.common.processes import Processes
    from r1_training.datasets.cap3d import read_uids
    from r1_training.prediction.object_clouds import caption_objects
    from r1_training.prediction.predict import predict as run
    from r1_training.prediction.switches import SwitchedReasoner, Switches

    group = Processes.from_environment()
    console = Console(stderr=True, quiet=not group.first)
    try:
        switches = Switches(
            policy=views,
            views=num_views,
            modalities=tuple(filter(None, modalities.split(","))),
            weights=None if weights is None else _three(weights),
            temperature=temperature,
            seed=seed,
            max_new_tokens=max_new_tokens,
        )
        if dataset == "cap3d" and objects is None:
            raise EvaluationInputError("cap3d needs --objects, a folder of clouds")
        inputs = EvaluationInputs(
            dataset=dataset,
            predictions=out,
            annotations=annotations,
            split=split,
            questions=questions,
            scannet=scannet,
            labels=labels,
            renders=objects,
            on_bad=on_bad,
        )
        wanted = None if uids is None else read_uids(uids)
        if device == "auto":
            group.take_gpu()
        reasoner = SwitchedReasoner.from_pretrained(model, device=device).switch(switches)
        if not reasoner.trained:
            say(console, f"{model} is not trained: its answers mean nothing", "warning", "yellow")
        columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(TextColumn("predictions"), *columns, console=console) as progress:
            task = progress.add_task("", total=None)

            def advance(done: int, total: int) -> None:
                progress.update(task, completed=done, total=total)

            if objects is not None and dataset == "cap3d":
                result = caption_objects(
                    objects, out, reasoner, model, uids=wanted, group=group, on_progress=advance
                )
            else:
                result = run(
                    inputs, reasoner, model, captions=captions, group=group, on_progress=advance
                )
    except (DatasetError, EvaluationError, ResumeError, R1Error, OSError) as error:
        say_error(error)
        raise typer.Exit(2) from error
    group.close()
    if not group.first:
        return
    say(console, f"{out}: {result.made} predictions, {result.earlier} from before")
    if result.rows.bad:
        say(
            console, f"bad annotation rows: {result.rows.bad}, the first: {result.rows.problems[0]}"
        )
    for scene, count in list(result.unprepared.items())[:SHOWN_PROBLEMS]:
        say(console, f"{scene} is not prepared: {count} left out", "problem")
    for name, why in list(result.problems.items())[:SHOWN_PROBLEMS]:
        say(console, f"{name}: {why}", "problem")
    missing = sum(result.unprepared.values()) + len(result.problems)
    if missing:
        console.print(f"{missing} predictions are missing")
        raise typer.Exit(1)


def _three(text: str) -> tuple[float, float, float]:
    """Three numbers with commas between them.

    Raises:
        EvaluationInputError: something else.
    """
    try:
        w_t, w_c, w_clip = (float(part) for part in text.split(","))
    except ValueError as error:
        raise EvaluationInputError(f"--weights must be three numbers, got {text!r}") from error
    return w_t, w_c, w_clip
