"""`r1 poses`: where the camera was, for recordings that do not say."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

_WEAK_FITNESS = 0.6


def poses(
    recording: Annotated[
        Path,
        typer.Argument(
            help="RGB-D folder without trajectory.txt (color/, depth/, camera.json), or a bag "
            "without tf."
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="New RGB-D folder, for the images of a bag."),
    ] = None,
    depth_max: Annotated[
        float, typer.Option(min=0.5, max=20.0, help="Depth beyond it is not used [m].")
    ] = 4.0,
    color_topic: Annotated[str, typer.Option(help="Of a bag.")] = "/color/image",
    depth_topic: Annotated[str, typer.Option(help="Of a bag; registered.")] = "/depth/image",
    camera_info_topic: Annotated[str, typer.Option(help="Of a bag.")] = "/color/camera_info",
) -> None:
    """Follow the camera through its images and write trajectory.txt and cloud.ply.

    Then `r1 record FOLDER BAG` makes a bag of it. Visual odometry without loop closure: errors add
    up, and a recording that moves too fast is lost, with an error that says where
    (docs/book/bag.md).
    """
    from rich.progress import Progress

    from r1_ros.bags.bag import BagError
    from r1_ros.bags.rgbd_folder import RgbdFolder, RgbdFolderError
    from r1_ros.odometry.bag_images import ImageTopics, bag_to_folder
    from r1_ros.odometry.folder_poses import TrackingLostError, find_poses, write_poses
    from r1_ros.runtime.errors import BadMessageError

    folder, is_folder = recording, (recording / "camera.json").exists()
    if is_folder and out is not None:
        raise SystemExit("r1 poses: --out is for a bag; the poses of a folder are written into it")
    if not recording.exists():
        raise SystemExit(f"r1 poses: no such recording: {recording}")
    try:
        if not is_folder:
            if out is None:
                raise SystemExit("r1 poses: --out FOLDER says where the images of the bag go")
            folder = out
            topics = ImageTopics(color_topic, depth_topic, camera_info_topic)
            typer.echo(f"{out}: {bag_to_folder(recording, out, topics)} images of {recording}")
        source = RgbdFolder.open(folder, posed=False)
        with Progress(transient=True) as progress:
            task = progress.add_task("following the camera", total=len(source.frames))
            found = find_poses(
                source, depth_max, lambda done: progress.update(task, completed=done)
            )
        trajectory, cloud = write_poses(source, found)
    except (BadMessageError, BagError, RgbdFolderError, TrackingLostError) as error:
        raise SystemExit(f"r1 poses: {error}") from None
    typer.echo(f"{trajectory}: {len(found.poses)} poses\n{cloud}: {len(found.points)} points")
    if not found.levelled:
        typer.echo("no plane to level by: up is what was up in the pictures", err=True)
    if found.worst < _WEAK_FITNESS:
        typer.echo(
            f"at its weakest only {found.worst:.0%} of the depth fitted: look at the cloud "
            f"(r1 visualize {cloud}) before you trust it",
            err=True,
        )
