"""`r1 watch`: the nodes in the Rerun viewer, live."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from r1_ros.cli import option_checks
from r1_ros.cli.ask import Namespace

if TYPE_CHECKING:
    import rerun as rr

_FLUSH_S = 5.0


def watch(
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Write a recording (.rrd) instead of opening a viewer."),
    ] = None,
    connect: Annotated[
        str,
        typer.Option(
            help="Show it in a viewer that runs elsewhere: rerun+http://ADDRESS:9876/proxy.",
            callback=option_checks.text,
        ),
    ] = "",
    use_sim_time: Annotated[
        bool, typer.Option("--use-sim-time", help="Follow /clock (bags, simulation).")
    ] = False,
    namespace: Namespace = "",
) -> None:
    """Show cloud, views, boxes, reasoning, plans and timings in the Rerun viewer, until Ctrl-C."""
    try:
        import rerun as rr
    except ModuleNotFoundError as error:
        if error.name != "rerun":
            raise
        raise SystemExit(
            'r1 watch: rerun is missing; where r1_ros lies: pip install ".[ros]"'
        ) from None
    _check(out, connect)
    stream = rr.RecordingStream("r1_ros")
    _open(stream, out, connect)

    from r1_ros.live.recording import LiveRecording
    from r1_ros.live.robot_listener import RobotListener

    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):  # also where a shell made Python ignore them
        signal.signal(number, lambda *_: ended.set())
    with RobotListener(LiveRecording(stream), namespace, use_sim_time=use_sim_time):
        typer.echo(f"r1 watch: {out or connect or 'the Rerun viewer'}")
        ended.wait()
    try:
        stream.flush(timeout_sec=_FLUSH_S)
    except RuntimeError as error:  # the viewer was closed before
        typer.echo(f"r1 watch: not all was shown: {error}", err=True)
    stream.disconnect()


def _check(out: Path | None, connect: str) -> None:
    """Wrong use ends here with a line."""
    if out is not None and connect:
        raise SystemExit("r1 watch: either --out or --connect")
    if out is not None and out.suffix != ".rrd":
        raise SystemExit(f"r1 watch: --out must end in .rrd, got {out}")
    if out is not None and not out.absolute().parent.is_dir():
        raise SystemExit(f"r1 watch: no such folder: {out.absolute().parent}")
    if out is None and not connect:
        option_checks.check_display(
            "r1 watch",
            "start `rerun` on a machine that has one and give --connect "
            "rerun+http://ADDRESS:9876/proxy, or write a recording: --out FILE.rrd",
        )


def _open(stream: rr.RecordingStream, out: Path | None, connect: str) -> None:
    from r1_ros.live.layout import layout

    if out is not None:
        stream.save(str(out), default_blueprint=layout())
    elif connect:
        try:
            stream.connect_grpc(connect, default_blueprint=layout())
        except RuntimeError as error:
            raise SystemExit(f"r1 watch: --connect {connect}: {error}") from None
    else:
        stream.spawn(default_blueprint=layout())
