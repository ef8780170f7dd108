"""`r1 evaluate bag`: a bag through the real nodes, questions at their times, and a score."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from r1_ros.cli import option_checks
from r1_ros.starting.node_commands import InvalidNodeOptionError, NodeOptions, parse_remaps

app = typer.Typer(add_completion=False, context_settings={"help_option_names": ["-h", "--help"]})
_UNUSABLE = 2


@app.command(name="bag")
def evaluate_bag(
    bag: Annotated[Path, typer.Argument(help="A rosbag2: its folder, or one .mcap or .db3 file.")],
    questions: Annotated[
        Path | None, typer.Option(help="What is asked, and what is right (docs/evaluation.md).")
    ] = None,
    objects: Annotated[
        Path | None, typer.Option(help="Where things are. Default: objects.json beside QUESTIONS.")
    ] = None,
    scenario: Annotated[
        Path | None, typer.Option(help="Faults and expectations (docs/evaluation.md).")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder of the report.")] = Path("output/replay"),
    model: Annotated[
        str, typer.Option(help="Preset (r1-tiny, ...) or checkpoint folder. Default: the file's.")
    ] = "",
    device: Annotated[str, typer.Option(help="cpu, cuda, cuda:1. Default: the file's.")] = "",
    scene_frame: Annotated[str, typer.Option(help="tf frame of the map. Default: map.")] = "",
    params_file: Annotated[Path | None, typer.Option(help="ROS parameter file.")] = None,
    cameras: Annotated[
        str, typer.Option(help="Several cameras, as for r1 up: front=realsense,rear=zed.")
    ] = "",
    remap: Annotated[
        list[str] | None,
        typer.Option("--remap", "-r", help="color/image:=/camera/color/image_raw; more than once."),
    ] = None,
    attach: Annotated[
        bool, typer.Option("--attach", help="Use nodes that run already instead of new ones.")
    ] = False,
    namespace: Annotated[
        str, typer.Option(help="Namespace of the nodes.", callback=option_checks.namespace)
    ] = "",
    timeout: Annotated[
        float, typer.Option(help="Deadline of each answer.", callback=option_checks.seconds)
    ] = 120.0,
) -> None:
    """Play a bag through the nodes, step by step, ask, and score what they say.

    Writes OUT/replay.json (what was said), OUT/report.json (scores) and OUT/replay.png. The exit
    status is 0 where every expectation holds, 1 where one does not, 2 where nothing could be run.
    """
    from r1_ros.bags.bag import BagError
    from r1_ros.configuration.cameras import UnknownCameraError, several_cameras
    from r1_ros.configuration.parameter_schema import InvalidParameterError
    from r1_ros.evaluation.page import write_page
    from r1_ros.evaluation.replay import ReplayError, ReplayOptions, replay, write_record
    from r1_ros.evaluation.scenario import ScenarioError, read_scenario
    from r1_ros.starting.bag_inputs import MissingInputsError

    unusable = (
        *(ScenarioError, InvalidNodeOptionError, BagError, ReplayError),
        *(UnknownCameraError, InvalidParameterError, MissingInputsError),
    )
    try:
        wanted = read_scenario(questions, objects, scenario)
        nodes = NodeOptions(
            namespace=namespace,
            params_file=params_file,
            model=model,
            device=device,
            scene_frame=scene_frame,
            remaps=parse_remaps(remap or []),
            mapper=several_cameras(cameras) if cameras else {},
        )
        out.mkdir(parents=True, exist_ok=True)
        options = ReplayOptions(bag, out, nodes, attach, timeout)
        result = replay(options, wanted, typer.echo)
    except (*unusable, OSError) as error:
        typer.echo(f"r1 evaluate bag: {error}", err=True)
        raise typer.Exit(_UNUSABLE) from None
    except KeyboardInterrupt:
        raise SystemExit("r1 evaluate bag: interrupted") from None
    record = out / "replay.json"
    write_record(result.record, record)
    if result.scene is not None and len(result.scene.points):
        write_page(result, out / "replay.png")
    # r1_ros does not import r1_training (docs/decisions.md, 3); its metrics are a program.
    command = [sys.executable, "-m", "r1_training.cli", "score-replay", str(record)]
    raise typer.Exit(subprocess.run([*command, "--out", str(out / "report.json")]).returncode)
