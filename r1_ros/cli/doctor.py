"""`r1 doctor`: what a bug report needs."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from r1_ros.cli import option_checks

if TYPE_CHECKING:
    from r1_ros.doctor.check import Check

_LISTEN_S = 4.0  # Fast DDS repeats the names of nodes every 3 s to those who missed them
_STYLES = {"ok": "green", "info": "dim", "warn": "yellow", "fail": "bold red"}


def doctor(
    namespace: Annotated[
        str,
        typer.Option(help="Look at the nodes of this namespace.", callback=option_checks.namespace),
    ] = "",
    seconds: Annotated[
        float,
        typer.Option(help="Listen to the network for this long.", callback=option_checks.seconds),
    ] = _LISTEN_S,
    params_file: Annotated[
        Path | None, typer.Option(help="Check this parameter file as well.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print versions, GPU, middleware, nodes, topics with QoS, and tf: what a bug report needs.

    Exits with status 1 when something required is missing.
    """
    from r1_ros.doctor.environment import check_environment

    checks = check_environment()
    if not any(check.section == "ros" and check.status == "fail" for check in checks):
        from r1_ros.doctor.parameter_file import check_parameters

        checks += _graph(namespace, seconds)
        checks += check_parameters(params_file)
    if as_json:
        typer.echo(json.dumps([asdict(check) for check in checks], indent=1))
    else:
        _print(checks)
    raise SystemExit(any(check.status == "fail" for check in checks))


def _graph(namespace: str, seconds: float) -> list[Check]:
    import rclpy
    from rclpy.context import Context

    from r1_ros.doctor.graph import check_graph

    context = Context()
    rclpy.init(args=[], context=context)
    node = rclpy.create_node("r1_doctor", context=context, namespace=namespace)
    try:
        return check_graph(node, seconds)
    finally:
        node.destroy_node()
        context.shutdown()


def _print(checks: list[Check]) -> None:
    from rich.console import Console
    from rich.text import Text

    # No table: wrapped columns are no good in a bug report.
    console = Console(soft_wrap=True, highlight=False)
    width = max(len(check.name) for check in checks)
    section = ""
    for check in checks:
        if check.section != section:
            section = check.section
            console.print(Text(section, style="bold"))
        status = Text(f"  {check.status:<5}", style=_STYLES[check.status])
        console.print(status + Text(f"{check.name:<{width}}  {check.detail}"))
    failed = [check for check in checks if check.status == "fail"]
    if failed:
        names = ", ".join(check.name for check in failed)
        typer.echo(f"\nto be mended first: {names}", err=True)
