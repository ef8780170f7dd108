"""`r1 demo`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from r1_ros.cli import option_checks
from r1_ros.configuration.cameras import CAMERAS

if TYPE_CHECKING:
    from rich.console import Console

    from r1_ros.demo.outcome import Outcome
    from r1_ros.demo.run import DemoResult

_MAX_OBJECTS = 6


def demo(
    bag: Annotated[
        Path | None,
        typer.Option(help="Use this rosbag2 instead of a synthetic room."),
    ] = None,
    questions: Annotated[
        Path | None,
        typer.Option(help="Ask these: a JSON list of {task, question, answers?}."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for pictures and logs.")] = Path("output/demo"),
    model: Annotated[str, typer.Option(help="Preset or checkpoint folder.")] = "",
    device: Annotated[str, typer.Option(help="cpu, cuda, ...")] = "",
    rate: Annotated[
        float,
        typer.Option(help="Play the bag this many times as fast.", callback=option_checks.rate),
    ] = 1.0,
    params_file: Annotated[
        Path | None, typer.Option(help="ROS parameter file of the nodes.")
    ] = None,
    camera: Annotated[
        str, typer.Option(help=f"Topics of the bag are those of a driver: {', '.join(CAMERAS)}.")
    ] = "",
    color_topic: Annotated[str, typer.Option(help="Colour images of the bag.")] = "",
    depth_topic: Annotated[str, typer.Option(help="Depth images of the bag.")] = "",
    camera_info_topic: Annotated[str, typer.Option(help="Intrinsics of the bag.")] = "",
    points_topic: Annotated[str, typer.Option(help="Point clouds of the bag.")] = "",
    remap: Annotated[
        list[str] | None,
        typer.Option("--remap", "-r", help="Any other topic: /tf:=/robot1/tf; more than once."),
    ] = None,
    scene_frame: Annotated[str, typer.Option(help="tf frame to map in.")] = "",
    timeout: Annotated[
        float,
        typer.Option(help="Deadline of each answer in seconds.", callback=option_checks.seconds),
    ] = 60.0,
) -> None:
    """Record, play, map, ask and plan: the whole of it on this machine, without a robot.

    A synthetic room is rendered, recorded to a bag, played to the nodes (each in its own process),
    mapped, asked one question of each of the seven tasks in English and in Chinese, and a plan is
    carried out by a simulated robot. Ends with OUT/demo.png and OUT/demo.rrd.
    """
    import time

    from rich.console import Console

    from r1_ros.cli.up import topics_of
    from r1_ros.configuration.cameras import UnknownCameraError
    from r1_ros.demo.questions import (
        GENERAL_QUESTIONS,
        ROOM_QUESTIONS,
        QuestionsError,
        read_questions,
    )
    from r1_ros.demo.run import Demo, DemoError, DemoOptions
    from r1_ros.starting.node_commands import InvalidNodeOptionError, NodeOptions, parse_remaps

    began = time.monotonic()
    console = Console(highlight=False)
    try:
        asked = read_questions(questions) if questions is not None else ROOM_QUESTIONS
        if bag is not None and questions is None:
            asked = GENERAL_QUESTIONS
        given = color_topic, depth_topic, camera_info_topic, points_topic
        remaps, mapper = topics_of(camera, *given)
        nodes = NodeOptions(
            model=model,
            device=device,
            params_file=params_file,
            scene_frame=scene_frame,
            robot="simulated",
            use_sim_time=True,
            remaps={**remaps, **parse_remaps(remap or [])},
            mapper=mapper,
        )
        options = DemoOptions(out, asked, nodes, bag, rate, timeout)
        result = Demo(
            options,
            say=lambda line: console.print(f"[dim]{line}[/]"),
            on_outcome=lambda outcome: _show(console, outcome),
        ).run()
    except (QuestionsError, InvalidNodeOptionError, UnknownCameraError, DemoError) as error:
        raise SystemExit(f"r1 demo: {error}") from None
    except KeyboardInterrupt:
        raise SystemExit("r1 demo: stopped") from None
    _summarise(console, result, options.out, bag, began)
    raise SystemExit(any(outcome.is_fault for outcome in result.outcomes))


def _show(console: Console, outcome: Outcome) -> None:
    from rich.table import Table
    from rich.text import Text

    from r1_ros.cli.show import center_text, step_text

    question = outcome.question
    style = "red" if outcome.is_fault else "yellow" if outcome.error else "green"
    lines = [
        Text.assemble((question.text, "bold"), (f"  {outcome.seconds:.2f} s", "dim")),
        Text(_shorten(outcome.text), style),
    ]
    if question.expected:
        lines.append(Text(f"expected: {' / '.join(question.expected)}", "dim"))
    if outcome.answer is not None:
        steps = [step_text(step) for step in outcome.answer.steps]
        objects = [] if steps else outcome.answer.objects
        steps += [f"{item.label} at {center_text(item)} m" for item in objects[:_MAX_OBJECTS]]
        if len(objects) > _MAX_OBJECTS:
            steps.append(f"... {len(objects)} objects in all")
        lines += [Text(step, "dim") for step in steps]
    # A table, so that long lines go on below their beginning.
    table = Table.grid(padding=(0, 1))
    table.add_column(width=14, style="cyan")
    table.add_column(overflow="fold")
    for index, line in enumerate(lines):
        table.add_row("" if index else question.task, line)
    console.print(table)


def _shorten(text: str, length: int = 240) -> str:
    # textwrap.shorten cuts at spaces, which Chinese does not have.
    text = " ".join(text.split())
    return text if len(text) <= length else text[: length - 1] + "…"


def _summarise(
    console: Console, result: DemoResult, out: Path, bag: Path | None, began: float
) -> None:
    import statistics
    import time

    from r1_ros.cli.show import UNTRAINED
    from r1_ros.demo.pictures import write_pictures

    answers = [outcome.answer for outcome in result.outcomes if outcome.answer is not None]
    untrained = any(not answer.trained for answer in answers)
    model = next((answer.model for answer in answers if answer.model), "no model answered")
    note = model + (f". {UNTRAINED}" if untrained else "")
    title = "A synthetic room" if bag is None else bag.name
    drawing = time.monotonic()
    picture, recording = write_pictures(result.mapped, result.outcomes, out, title=title, note=note)
    now = time.monotonic()
    seconds = result.seconds | {"draw pictures": now - drawing, "total": now - began}
    console.print()
    stages = ", ".join(f"{name} {duration:.1f} s" for name, duration in seconds.items())
    console.print(f"[dim]{stages}[/]")
    times = [outcome.seconds for outcome in result.outcomes if not outcome.is_fault]
    failed = sum(bool(outcome.error) for outcome in result.outcomes)
    if times:
        console.print(
            f"{len(result.outcomes)} questions, {statistics.median(times):.2f} s each (median)"
            + (f", {failed} without a complete answer" if failed else "")
        )
    console.print(f"{picture}\n{recording} (open it with: rerun {recording})")
    if untrained:
        console.print(f"[yellow]{UNTRAINED}[/]")
