"""`r1 serve`: the robot as a page in a browser."""

from __future__ import annotations

import secrets
from typing import Annotated

import typer

from r1_ros.cli import option_checks

_SHUTDOWN_S = 3  # for answers that are being streamed


def serve(
    namespace: Annotated[
        str, typer.Option(help="Namespace of the nodes.", callback=option_checks.namespace)
    ] = "",
    base_frame: Annotated[
        str,
        typer.Option(
            help="tf frame of the robot's base, x forward: where it is on the map.",
            callback=option_checks.text,
        ),
    ] = "base_link",
    namespaced_tf: Annotated[
        bool, typer.Option("--namespaced-tf", help="tf is in the namespace: /robot1/tf.")
    ] = False,
    host: Annotated[
        str,
        typer.Option(
            help="Address to listen on. Any but this machine's own needs the token that is printed."
        ),
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8321,
    token: Annotated[
        str,
        typer.Option(
            envvar="R1_WEB_TOKEN",
            help="What every user must know; by default a new one, and none on 127.0.0.1.",
            callback=option_checks.text,
        ),
    ] = "",
) -> None:
    """Show the map, answers, plans and health as a web page, until Ctrl-C (docs/web.md)."""
    try:
        import fastapi  # noqa: F401
        import uvicorn
    except ModuleNotFoundError as error:
        if error.name not in ("fastapi", "uvicorn"):
            raise
        raise SystemExit(
            f'r1 serve: {error.name} is missing; where r1_ros lies: pip install ".[web]"'
        ) from None
    from r1_ros.web.access import LOOPBACK_NAMES, Access, is_loopback
    from r1_ros.web.robot_link import RobotLink
    from r1_ros.web.server import make_app

    alone = is_loopback(host)
    if not alone and not token:
        token = secrets.token_urlsafe(24)
    access = Access(token, LOOPBACK_NAMES | {host} if alone else frozenset())
    # After '#': browsers send that part to nobody, and it stays out of logs.
    shown = f"[{host}]" if ":" in host else host
    typer.echo(f"http://{shown}:{port}/{f'#token={token}' if token else ''}")
    # at the end, what the page had started is cancelled
    with RobotLink(namespace, base_frame, namespaced_tf=namespaced_tf) as link:
        uvicorn.run(
            make_app(link, access),
            host=host,
            port=port,
            log_level="warning",
            server_header=False,
            timeout_graceful_shutdown=_SHUTDOWN_S,
        )
