"""`r1 visualize`: a cloud and boxes from files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from r1_ros.cli import option_checks


def visualize(
    cloud: Annotated[Path, typer.Argument(help="Point cloud (.ply), metres, z up.")],
    predictions: Annotated[
        Path | None,
        typer.Option(
            "--predictions",
            "-p",
            help="Boxes: what `r1 predict` (.jsonl) or `r1 evaluate bag` (.json) wrote, .npz or "
            ".json in the reference's formats, or objects.json.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", help="Picture (.png) or Rerun recording (.rrd); default scene.rrd."
        ),
    ] = None,
    spawn: Annotated[
        bool, typer.Option("--spawn", help="Open the Rerun viewer instead of writing a file.")
    ] = False,
    entry: Annotated[
        str,
        typer.Option(
            "--id", help="Which entry of a file of many: its id, or its scene (scene0011_00)."
        ),
    ] = "",
    min_score: Annotated[float, typer.Option(help="Leave out boxes scored lower.")] = 0.0,
    classes: Annotated[
        str,
        typer.Option(
            help="Names of labels that are numbers: scannet, or a file with a name a line."
        ),
    ] = "",
    camera_axes: Annotated[
        bool,
        typer.Option(
            "--camera-axes",
            help="The boxes are in VoteNet's camera axes (y down), as the corners that the "
            "reference exports; the cloud is not.",
        ),
    ] = False,
) -> None:
    """Draw a cloud with boxes: a top-down PNG, or a Rerun recording to open with `rerun FILE`."""
    from r1_ros.configuration.text_files import TextFileError
    from r1_ros.pictures.box_files import BoxChoice, PredictionsError, read_predictions
    from r1_ros.pictures.class_names import class_names
    from r1_ros.pictures.ply import PlyError, read_ply

    if spawn and out is not None:
        raise SystemExit("r1 visualize: either --out or --spawn")
    out = out or Path("scene.rrd")
    if spawn:
        option_checks.check_display("r1 visualize", "--out FILE.rrd")
    if out.suffix not in (".png", ".rrd"):
        raise SystemExit(f"r1 visualize: --out must end in .png or .rrd, got {out}")
    if not out.absolute().parent.is_dir():
        raise SystemExit(f"r1 visualize: no such folder: {out.absolute().parent}")
    try:
        points, colors = read_ply(cloud)
        choice = BoxChoice(min_score, entry, class_names(classes) if classes else (), camera_axes)
        boxes = read_predictions(predictions, choice) if predictions is not None else []
    except (PlyError, PredictionsError, TextFileError) as error:
        raise SystemExit(f"r1 visualize: {error}") from None
    if out.suffix == ".png":
        from r1_ros.pictures.page import draw_page

        draw_page(points, colors, boxes, [], title=cloud.stem).save(out)
    else:
        from r1_ros.pictures.rerun_recording import SceneRecording

        with SceneRecording(None if spawn else out, cloud.stem) as recording:
            recording.log_cloud(points, colors)
            recording.log_boxes("predictions", boxes)
    shown = "the Rerun viewer" if spawn else out
    typer.echo(f"{shown}: {len(points)} points, {len(boxes)} boxes")
