"""Answers on a terminal."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from r1_ros.msg import GroundedObject, PlanStep, SceneAnswer

UNTRAINED = "The weights are random: what they answer shows the pipeline and means nothing."


def show_answer(console: Console, answer: SceneAnswer) -> None:
    """Print an answer with its objects, steps, thinking and times."""
    # The model's boxes are numbers of a grid; people get them in metres below.
    thinking = re.sub(r"(?:[,，、]? *<obj>.*?</obj>)+", "", answer.thinking).strip()
    if thinking:
        console.print(f"[dim]{escape(thinking)}[/]")
    described = any(item.description for item in answer.objects)
    if not (answer.task == "dense_caption" and described):  # else the table says it all
        console.print(f"[bold]{escape(answer.answer.strip() or '(no text)')}[/]")
    if answer.objects:
        console.print(objects_table(answer.objects))
    if answer.steps:
        show_steps(console, answer.steps)
    if answer.unread:
        console.print(f"[yellow]not readable: {len(answer.unread)} part(s) of the text[/]")
    console.print(
        f"[dim]{answer.task}, {answer.language}, {escape(answer.model)}; first token after "
        f"{answer.first_token_seconds:.2f} s, {answer.total_seconds:.2f} s in all[/]"
    )
    if not answer.trained:
        console.print(f"[yellow]{UNTRAINED}[/]")


def objects_table(objects: Sequence[GroundedObject]) -> Table:
    """Objects with their boxes, one a row."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("id", "label", "centre [m]", "size [m]", "description"):
        table.add_column(escape(name), overflow="fold")
    for item in objects:
        table.add_row(
            escape(item.id), escape(item.label), center_text(item), size_text(item),
            escape(item.description),
        )  # fmt: skip
    return table


def show_steps(console: Console, steps: Sequence[PlanStep]) -> None:
    """Print the steps of a plan, one a line."""
    for step in steps:
        console.print(f"  {step_text(step)}", markup=False, highlight=False)


def step_text(step: PlanStep) -> str:
    """`1. navigate_to(mug): Drive to the mug.`"""
    text = f": {step.text}" if step.text else ""
    assumed = " (nobody has seen it yet)" if step.assumed else ""
    return f"{step.index}. {step.action}({', '.join(step.arguments)}){text}{assumed}"


def center_text(item: GroundedObject) -> str:
    """Centre of the box, metres."""
    position = item.pose.position
    return f"{position.x:.2f} {position.y:.2f} {position.z:.2f}"


def size_text(item: GroundedObject) -> str:
    """Edge lengths of the box, metres."""
    return f"{item.size.x:.2f} {item.size.y:.2f} {item.size.z:.2f}"
