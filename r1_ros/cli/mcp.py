"""`r1 mcp`: the robot as tools of a language agent."""

from __future__ import annotations

from typing import Annotated

import typer

from r1_ros.cli import option_checks


def mcp(
    namespace: Annotated[
        str, typer.Option(help="Namespace of the nodes.", callback=option_checks.namespace)
    ] = "",
    allow_execution: Annotated[
        bool,
        typer.Option(
            "--allow-execution",
            help="Let agents hand plans to plan_executor, where a person approves each "
            "(its parameter require_approval must be true).",
        ),
    ] = False,
) -> None:
    """Serve ask, locate and plan to an agent by the Model Context Protocol, on stdin and stdout.

    Without --allow-execution nothing that an agent calls moves the robot (docs/agents.md).
    """
    try:
        from r1_ros.agents.server import make_server
    except ModuleNotFoundError as error:
        if error.name not in ("mcp", "mcp_types"):
            raise
        raise SystemExit(
            'r1 mcp: the MCP SDK is missing; where r1_ros lies: pip install ".[mcp]"'
        ) from None
    make_server(namespace, allow_execution=allow_execution).run()
