"""`r1 visualize`: a cloud and boxes from files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def visualize(
    cloud: Annotated[Path, typer.Argument(help="Point cloud (.ply), metres, z up.")],
    predictions: Annotated[
        Path | None,
        typer.Option("--predictions", "-p", help="Boxes: .npz or .json, the reference's formats."),
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Picture (.png) or Rerun recording (.rrd).")
    ] = Path("scene.rrd"),
    min_score: Annotated[float, typer.Option(help="Leave out boxes scored lower.")] = 0.0,
) -> None:
    """Draw a cloud with boxes: a top-down PNG, or a Rerun recording to open with `rerun FILE`."""
    from r1_ros.pictures.box_files import PredictionsError, read_predictions
    from r1_ros.pictures.ply import PlyError, read_ply

    if out.suffix not in (".png", ".rrd"):
        raise SystemExit(f"r1 visualize: --out must end in .png or .rrd, got {out}")
    if not out.absolute().parent.is_dir():
        raise SystemExit(f"r1 visualize: no such folder: {out.absolute().parent}")
    try:
        points, colors = read_ply(cloud)
        boxes = read_predictions(predictions, min_score) if predictions is not None else []
    except (PlyError, PredictionsError) as error:
        raise SystemExit(f"r1 visualize: {error}") from None
    if out.suffix == ".png":
        from r1_ros.pictures.page import draw_page

        draw_page(points, colors, boxes, [], title=cloud.stem).save(out)
    else:
        from r1_ros.pictures.rerun_recording import SceneRecording

        with SceneRecording(out, cloud.stem) as recording:
            recording.log_cloud(points, colors)
            recording.log_boxes("predictions", boxes)
    typer.echo(f"{out}: {len(points)} points, {len(boxes)} boxes")
