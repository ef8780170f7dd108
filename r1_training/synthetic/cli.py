"""`python -m r1_training.cli synthesize-room`: a synthetic room as an RGB-D folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track

from r1_training.common.messages import say_error
from r1_training.synthetic.rooms.catalog import ROOM_TYPES
from r1_training.synthetic.rooms.example_rooms import EXAMPLES
from r1_training.synthetic.rooms.room import make_room


def synthesize_room(
    out: Annotated[Path, typer.Argument(help="Folder to make; it must not exist or be empty.")],
    seed: Annotated[int, typer.Option(min=0, help="Number of the room.")] = 0,
    room_type: Annotated[
        str | None, typer.Option(help=f"One of: {', '.join(ROOM_TYPES)}. By default the seed's.")
    ] = None,
    example: Annotated[
        int | None,
        typer.Option(min=1, max=len(EXAMPLES), help="One of the example rooms instead."),
    ] = None,
    split: Annotated[str, typer.Option(help="train, val or test.")] = "test",
    frames: Annotated[int, typer.Option(min=1, help="Images of the recording.")] = 80,
    width: Annotated[int, typer.Option(min=16, help="Pixels.")] = 640,
    height: Annotated[int, typer.Option(min=16, help="Pixels.")] = 480,
) -> None:
    """Render a synthetic room as an RGB-D folder that `r1 record` turns into a bag."""
    # Imported late: torch takes seconds, which the help of any command should not.
    import torch

    from r1_training.synthetic.camera.rgbd_writer import FolderExistsError, write_rgbd_folder

    torch.set_num_threads(1)  # frames are rendered side by side already
    console = Console(stderr=True)
    try:
        room = EXAMPLES[example - 1](seed) if example else make_room(seed, split, room_type)
        steps = write_rgbd_folder(room, out, frames=frames, width=width, height=height)
        for _ in track(steps, "Rendering", total=-(-frames // 4), console=console):
            pass
    except FolderExistsError as error:
        say_error(f"{error} exists and is not empty")
        raise typer.Exit(2) from error
    except ValueError as error:
        say_error(error)
        raise typer.Exit(2) from error
    console.print(f"{out}: {frames} frames of a {room.type} with {len(room.objects)} objects")
