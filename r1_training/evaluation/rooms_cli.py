"""`r1 evaluate-rooms`: a model on rooms that it has never seen."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from r1_model.reasoner import Reasoner
    from r1_training.evaluation.room_run import RoomRun


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
    meshes: Annotated[
        Path | None,
        typer.Option(help="Rooms of this pack of `r1 prepare meshes`, not of primitives."),
    ] = None,
    swap: Annotated[
        Literal["true", "other views", "no depth", "other points"],
        typer.Option(help="Give another room's pictures, no depth, or another room's points."),
    ] = "true",
    views: Annotated[
        Literal["selected", "even", "horizontal", "coverage", "all"] | None,
        typer.Option(
            help="Answer each question with these pictures alone, six of them or all, chosen so; "
            "by default all of a map name its things, and the selected ones are shown."
        ),
    ] = None,
    pictures: Annotated[
        Path | None, typer.Option(help="Draw right and wrong answers into this folder.")
    ] = None,
    device: Annotated[str, typer.Option(help="cpu, cuda or auto.")] = "auto",
    output: Annotated[
        Path | None,
        typer.Option(help="Write the numbers to this file; run again to go on after a kill."),
    ] = None,
) -> None:
    """Ask a model about rooms it has never seen: every task, language, and held-out combination.

    Under torchrun each process takes its share of the rooms; the first one prints and writes.
    """
    from r1_model.errors import ModelLoadError
    from r1_training.common.processes import Processes
    from r1_training.common.resumable_lines import ResumeError
    from r1_training.common.writable import OutputError, require_file, require_folder
    from r1_training.evaluation import report
    from r1_training.evaluation.answer_pictures import FontMissingError, font, write_pictures
    from r1_training.evaluation.blind import BlindReasoner
    from r1_training.evaluation.majority import (
        answered_by_majority,
        majority_answers,
        training_samples,
    )
    from r1_training.evaluation.room_detection import room_scores
    from r1_training.evaluation.room_evaluator import questions_digest
    from r1_training.evaluation.room_run import SavedPieces, run_rooms
    from r1_training.prediction.switches import SwitchedReasoner, Switches
    from r1_training.synthetic.household.pack import MeshPackError
    from r1_training.synthetic.room_mix import RoomMix

    if blind and (baselines or blind_json):
        raise typer.BadParameter("a blind run has no blind baseline: leave out --blind")
    if blind and (views is not None or swap != "true"):
        raise typer.BadParameter("who sees nothing sees no other views: leave out --blind")
    chosen = Switches() if views is None else Switches(policy=views, alone=True)
    group = Processes.from_environment()
    beside = {}
    saved = None
    try:  # what can be wrong is found before an hour of questions
        mix = RoomMix.load(meshes)
        settings = report.Settings(
            str(model),
            rooms,
            questions,
            seeds,
            split,
            blind,
            questions_digest(split, mix),
            None if meshes is None else str(meshes),
            swap,
            "" if views is None else f"{views} alone",
        )
        if output is not None:
            require_file(output)
        if pictures is not None:
            require_folder(pictures)
        if device == "auto":
            group.take_gpu()
        sighted = SwitchedReasoner.from_pretrained(model, device=device).switch(chosen)
        if blind_json is not None:
            beside["blind"] = report.read_blind(blind_json, settings)
        if pictures is not None:
            font(18)
        if output is not None:
            saved = SavedPieces(output, settings, sighted.weights_digest(), group)
    except (
        MeshPackError,
        ModelLoadError,
        report.ReportError,
        FontMissingError,
        OutputError,
        ResumeError,
    ) as error:
        raise typer.BadParameter(str(error)) from error

    def ask(who: str, detector: Reasoner | None) -> RoomRun | None:
        asked = sighted if who == "model" else BlindReasoner.from_pretrained(model, device=device)
        return run_rooms(asked, settings, who=who, group=group, saved=saved, detector=detector)

    start = time.perf_counter()
    as_users_ask = views is None and swap == "true"  # boxes without a question know no views
    run = ask("blind" if blind else "model", sighted if as_users_ask else None)
    seconds = time.perf_counter() - start
    unsighted = ask("blind", None) if baselines and "blind" not in beside else None
    if run is not None:  # the first process speaks and writes for all
        if unsighted is not None:
            beside["blind"] = report.by_group(unsighted.asked)
        if baselines:
            answers = majority_answers(training_samples(mix=mix))
            beside["majority"] = report.by_group(
                [answered_by_majority(one, answers) for one in run.asked]
            )
        found = report.by_group(run.asked)
        for name, figures in found.items():
            others = {baseline: groups[name] for baseline, groups in beside.items()}
            typer.echo(f"\n--- by {name} (mean ± half the spread of {seeds} seeds)")
            typer.echo(report.table(figures, others))
        detection = [room_scores(one) for one in run.detected if one]
        if detection:
            typer.echo("\n--- detection, percent, one row a seed")
        for row in detection:
            typer.echo("  ".join(f"{name} {value:.1f}" for name, value in row.items()))
        count = sum(map(len, run.asked))
        typer.echo(f"\n{count} questions in {seconds:.1f} s: {count / seconds:.0f} a second")
        if output is not None:
            report.write(output, settings, found, beside, detection)
        if pictures is not None:
            drawn = write_pictures(run.asked[0], rooms, pictures, sighted.device, mix=mix)
            typer.echo(f"\n{len(drawn)} pictures in {pictures}")
    group.wait()  # before what was kept is taken away
    group.close()
    if saved is not None:
        saved.close(remove=True)
