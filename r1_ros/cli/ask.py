"""`r1 ask`, `r1 plan`, `r1 describe`: talk to running nodes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from r1_ros.cli import option_checks

if TYPE_CHECKING:
    from r1_ros.action import ExecutePlan
    from r1_ros.client import R1Client

Namespace = Annotated[
    str, typer.Option(help="Namespace of the nodes.", callback=option_checks.namespace)
]
Timeout = Annotated[
    float,
    typer.Option(help="Deadline of the answer in seconds.", callback=option_checks.seconds),
]
_Session = Annotated[
    str,
    typer.Option(
        help="Name of a dialogue: questions with the same name share a memory.",
        callback=option_checks.text,
    ),
]
_Viewpoint = Annotated[
    str,
    typer.Option(
        help="As seen from where left and right are meant: robot, or the direction looked in, in "
        "degrees from the map's +x. Without it: as on the map.",
        callback=option_checks.viewpoint,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print the whole answer as JSON.")]


def ask(
    question: Annotated[
        str, typer.Argument(help="English or Chinese.", callback=option_checks.text)
    ],
    task: Annotated[
        str,
        typer.Option(
            help="auto, qa, grounding, object_caption, dense_caption, dialogue, reasoning, planning"
        ),
    ] = "auto",
    session: _Session = "",
    object_id: Annotated[
        str,
        typer.Option(
            "--object",
            help="Id of a thing: of r1 objects, or of an earlier answer of the session.",
            callback=option_checks.text,
        ),
    ] = "",
    point: Annotated[
        tuple[float, float, float] | None,
        typer.Option(
            help="A point on the object that the question is about: x y z in metres.",
            callback=option_checks.point,
        ),
    ] = None,
    viewpoint: _Viewpoint = "",
    timeout: Timeout = 60.0,
    namespace: Namespace = "",
    as_json: Json = False,
) -> None:
    """Ask one question about the scene.

    r1 ask "How many chairs are around the table?"

    r1 ask "餐桌周圍有幾把椅子？"
    """
    with client_of(namespace) as client:
        answer = client.ask(
            question,
            task=task,
            session_id=session,
            target=object_id or point,
            viewpoint=option_checks.looks_from(viewpoint),
            timeout=timeout,
            on_feedback=_progress(as_json),
        )
        _show(answer, as_json)


def plan(
    goal: Annotated[
        str,
        typer.Argument(help='What to achieve, e.g. "Make a coffee."', callback=option_checks.text),
    ],
    execute: Annotated[
        bool,
        typer.Option(
            "--execute",
            help="Carry the plan out (plan_executor must run), after a question on the terminal.",
        ),
    ] = False,
    yes: Annotated[
        bool,
        typer.Option(
            "--yes", help="Execute without a question; without a terminal nothing else will do."
        ),
    ] = False,
    session: _Session = "",
    viewpoint: _Viewpoint = "",
    timeout: Timeout = 60.0,
    namespace: Namespace = "",
    as_json: Json = False,
) -> None:
    """Turn a goal into executable steps."""
    if execute and not yes and not sys.stdin.isatty():
        raise SystemExit("r1: nobody can be asked here: --execute needs a terminal, or --yes")
    with client_of(namespace) as client:
        result = client.plan(
            goal,
            session_id=session,
            viewpoint=option_checks.looks_from(viewpoint),
            timeout=timeout,
            on_feedback=_progress(as_json),
        )
        _show(result.answer, as_json)
        if execute:
            count = len(result.steps)
            question = f"Carry {'this step' if count == 1 else f'these {count} steps'} out?"
            if not yes and not typer.confirm(question, err=as_json):
                raise SystemExit("r1: not carried out")
            done = client.execute_plan(
                result.steps,
                frame_id=result.answer.header.frame_id,
                session_id=session,
                on_feedback=_follow(client, as_json),
            )
            typer.echo(f"done: {done.steps_done} steps", err=as_json)


def describe(
    question: Annotated[
        str,
        typer.Argument(
            help="How to describe; its language is that of the answer.",
            callback=option_checks.text,
        ),
    ] = "",
    max_objects: Annotated[
        int, typer.Option(min=0, max=65535, help="At most this many; 0: all.")
    ] = 0,
    timeout: Timeout = 60.0,
    namespace: Namespace = "",
    as_json: Json = False,
) -> None:
    """Describe every object of the scene, each in a sentence with its box."""
    with client_of(namespace) as client:
        result = client.describe(
            question, max_objects=max_objects, timeout=timeout, on_feedback=_progress(as_json)
        )
        answer = result.answer
        answer.objects = result.objects  # no more than were asked for
        _show(answer, as_json)


def _follow(client: R1Client, quiet: bool) -> Callable[[ExecutePlan.Feedback], None]:
    """Prints what happens; the yes that was said here is passed on to a node that waits for one."""
    from r1_ros.client import RequestFailedError

    passed_on = False

    def follow(feedback: ExecutePlan.Feedback) -> None:
        nonlocal passed_on
        if not feedback.plan_id:
            step = feedback.step
            typer.echo(f"step {step.index} {step.action}: {feedback.status}", err=quiet)
        elif not passed_on:
            passed_on = True
            typer.echo(f"plan_executor {feedback.status}", err=quiet)
            try:
                client.approve_plan(feedback.plan_id)
            except RequestFailedError as error:  # somebody else was faster; the result says how
                typer.echo(f"r1: {error}", err=True)

    return follow


@contextmanager
def client_of(namespace: str) -> Iterator[R1Client]:
    """The nodes of a namespace; their errors end the command with a line."""
    from r1_ros.client import (
        NoResponseError,
        R1Client,
        RequestFailedError,
        ServerMissingError,
    )

    try:
        with R1Client(namespace) as client:
            yield client
    except (ServerMissingError, NoResponseError, RequestFailedError) as error:
        raise SystemExit(f"r1: {error}") from None
    except KeyboardInterrupt:
        raise SystemExit("r1: cancelled") from None


def _progress(quiet: bool) -> Callable[[object], None] | None:
    """Shows the stage and the end of the text on one line of a terminal."""
    if quiet or not sys.stderr.isatty():
        return None

    def show(feedback: Any) -> None:
        text = " ".join(getattr(feedback, "text", "").split())[-60:]
        sys.stderr.write(f"\r\x1b[K{feedback.stage} {text}")
        sys.stderr.flush()

    return show


def _show(answer: object, as_json: bool) -> None:
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
    if as_json:
        import json

        from r1_ros.messages.message_json import message_to_dict

        typer.echo(json.dumps(message_to_dict(answer), ensure_ascii=False, indent=1))
        return
    from rich.console import Console

    from r1_ros.cli.show import show_answer

    show_answer(Console(), answer)
