"""`r1 approve` and `r1 stop`: a person's word about plans, from the terminal."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from r1_ros.cli import option_checks
from r1_ros.cli.ask import Json, Namespace, client_of

if TYPE_CHECKING:
    from r1_ros.web.watch import RobotWatch

_POLL_S = 0.05
_LOOK_S = 5.0  # for plan_executor, which says every second that a plan waits


def approve(
    plan_id: Annotated[
        str,
        typer.Argument(
            help="Only the plan of this id; by default whichever waits.",
            callback=option_checks.text,
        ),
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Approve without a question.")] = False,
    reject: Annotated[
        str,
        typer.Option(help="Reject it for this reason.", callback=option_checks.text),
    ] = "",
    only_list: Annotated[
        bool, typer.Option("--list", help="Show what waits, and decide nothing.")
    ] = False,
    wait: Annotated[
        float,
        typer.Option(help="How long to look for a plan [s].", callback=option_checks.seconds),
    ] = _LOOK_S,
    namespace: Namespace = "",
    as_json: Json = False,
) -> None:
    """Show the plan that waits for approval (plan_executor's `require_approval`), and decide.

    Status 1 where nothing waits or the plan was not approved.
    """
    if yes and reject:
        raise SystemExit("r1 approve: either --yes or --reject")
    if not (yes or reject or only_list or as_json or is_terminal()):
        raise SystemExit("r1 approve: nobody can be asked here: --yes, --reject REASON or --list")
    from r1_ros.web.watch import RobotWatch

    watch = RobotWatch(namespace)
    try:
        waiting = _waiting(watch, plan_id, wait)
    finally:
        watch.close()
    if waiting is None:
        which = f"plan {plan_id}" if plan_id else "plan"
        raise SystemExit(f"r1 approve: no {which} waits for approval (looked for {wait:g} s)")
    _show(waiting, as_json)
    if only_list or (as_json and not (yes or reject)):
        return
    approved = not reject and (yes or typer.confirm("Approve it?", err=as_json))
    with client_of(namespace) as client:
        client.approve_plan(waiting["plan_id"], approved, reason=reject)
    typer.echo("approved" if approved else "rejected", err=as_json)
    if not approved and not reject:
        raise SystemExit(1)


def stop(
    wait: Annotated[
        float,
        typer.Option(
            help="How long to look for plan_executor [s].", callback=option_checks.seconds
        ),
    ] = _LOOK_S,
    namespace: Namespace = "",
) -> None:
    """Stop the plan that runs or waits, whoever started it."""
    from r1_ros.web.watch import RobotWatch

    watch = RobotWatch(namespace)
    try:
        deadline = time.monotonic() + wait
        while (stopped := watch.stop_robot()) is None and time.monotonic() < deadline:
            time.sleep(_POLL_S)
    finally:
        watch.close()
    if stopped is None:
        raise SystemExit(f"r1 stop: no plan_executor within {wait:g} s; IS THE ROBOT STILL MOVING?")
    typer.echo(f"{stopped} plan{'' if stopped == 1 else 's'} stopped")


def is_terminal() -> bool:
    """Is there somebody to ask?"""
    return sys.stdin.isatty()


def _waiting(watch: RobotWatch, plan_id: str, seconds: float) -> dict[str, Any] | None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        execution = watch.execution()
        if execution.get("waiting") and plan_id in ("", execution["plan_id"]):
            return execution
        time.sleep(_POLL_S)
    return None


def _show(waiting: dict[str, Any], as_json: bool) -> None:
    if as_json:
        import json

        plan = {"plan_id": waiting["plan_id"], "status": waiting["status"]}
        typer.echo(json.dumps([plan], ensure_ascii=False))
    else:
        typer.echo(f"{waiting['plan_id']} {waiting['status']}")
