"""`r1 record` and `r1 play`."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

DAMAGED = 3


@contextmanager
def interrupt_on_sigterm() -> Iterator[None]:
    """SIGTERM and SIGINT raise KeyboardInterrupt, whatever the program that started us set."""
    signals = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, signal.default_int_handler) for number in signals]
    try:
        yield
    finally:
        for number, handler in zip(signals, before, strict=True):
            signal.signal(number, handler)


def record(
    folder: Annotated[
        Path,
        typer.Argument(help="RGB-D folder: color/, depth/, camera.json, trajectory.txt."),
    ],
    out: Annotated[Path, typer.Argument(help="Folder of the new bag; must not exist.")],
    compressed: Annotated[
        bool,
        typer.Option("--compressed", help="Write compressed images: about a tenth of the size."),
    ] = False,
    sqlite3: Annotated[
        bool, typer.Option("--sqlite3", help="Store as sqlite3 (.db3) instead of mcap.")
    ] = False,
) -> None:
    """Turn an RGB-D folder into a rosbag2.

    The bag holds /color/image, /depth/image, /color/camera_info, /tf and /tf_static. Any ROS 2
    tool can play it; so can `r1 play`.
    """
    from rich.progress import Progress
    from rosbags.rosbag2 import StoragePlugin

    from r1_ros.bags.recording import RecordError
    from r1_ros.bags.recording import record as write_bag
    from r1_ros.bags.rgbd_folder import RgbdFolder, RgbdFolderError

    try:
        source = RgbdFolder.open(folder)
        with interrupt_on_sigterm(), Progress(transient=True) as progress:
            task = progress.add_task("recording", total=len(source.frames))
            summary = write_bag(
                source,
                out,
                compressed=compressed,
                storage=StoragePlugin.SQLITE3 if sqlite3 else StoragePlugin.MCAP,
                on_frame=lambda done, _: progress.update(task, completed=done),
            )
    except (RgbdFolderError, RecordError) as error:
        raise SystemExit(f"r1 record: {error}") from None
    except KeyboardInterrupt:
        raise SystemExit(f"r1 record: interrupted; {out} was not written") from None
    typer.echo(
        f"{summary.path}: {summary.frames} frames, {summary.seconds:.1f} s, "
        f"{summary.bytes / 1e6:.1f} MB"
    )


def play(
    bag: Annotated[Path, typer.Argument(help="A rosbag2: its folder, or one .mcap or .db3 file.")],
    rate: Annotated[float, typer.Option(help="Play this many times as fast.")] = 1.0,
    loop: Annotated[
        bool, typer.Option("--loop", help="Start again at the end; time then jumps back.")
    ] = False,
    start: Annotated[float, typer.Option(help="Skip this many seconds at the beginning.")] = 0.0,
    clock: Annotated[
        float, typer.Option(help="Publish /clock this many times a second; 0: never.")
    ] = 40.0,
    topics: Annotated[
        list[str] | None, typer.Option(help="Play only this topic; give it more than once.")
    ] = None,
    remap: Annotated[
        list[str] | None,
        typer.Option("--remap", "-r", help="Rename a topic: /old:=/new; more than once."),
    ] = None,
    wait_for_node: Annotated[
        str, typer.Option(help="Begin when this lifecycle node is active, e.g. /scene_mapper.")
    ] = "",
    wait: Annotated[
        float, typer.Option(help="Wait at most this many seconds for the first subscriber.")
    ] = 5.0,
) -> None:
    """Play a rosbag2 to its topics at its own rate.

    Messages go out as the bytes that were recorded, with the QoS that was offered then (latched
    topics stay latched). Nodes that shall follow the bag's time need use_sim_time.

    Topics of types that are not installed are left out with a warning. Of a damaged bag the part
    before the damage is played; the exit status is then 3.
    """
    from r1_ros.bags.bag import BagError
    from r1_ros.bags.play import play_bag
    from r1_ros.bags.player import InvalidPlayError, PlayOptions

    try:
        report = play_bag(
            bag,
            PlayOptions(
                rate=rate,
                loop=loop,
                start=start,
                clock_hz=clock,
                topics=tuple(topics or ()),
                settle_limit_s=wait,
            ),
            remaps=remap or [],
            wait_for_node=wait_for_node,
            say=typer.echo,
        )
    except (BagError, InvalidPlayError) as error:
        raise SystemExit(f"r1 play: {error}") from None
    if report.damage:
        raise SystemExit(DAMAGED)
