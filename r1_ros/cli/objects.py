"""`r1 objects`: what is where."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from r1_ros.cli import option_checks
from r1_ros.cli.ask import Json, Namespace, Timeout, client_of

if TYPE_CHECKING:
    from r1_ros.msg import KnownObject


def objects(
    label: Annotated[
        str,
        typer.Argument(help="Only those called so; all by default.", callback=option_checks.text),
    ] = "",
    gone: Annotated[
        bool, typer.Option("--gone", help="Also those that are not there any more.")
    ] = False,
    export: Annotated[
        Path | None,
        typer.Option(
            help="Write scene and objects into this folder: cloud.ply, objects.json, "
            "trajectory.txt, keyframes.",
            file_okay=False,
        ),
    ] = None,
    timeout: Timeout = 60.0,
    namespace: Namespace = "",
    as_json: Json = False,
) -> None:
    """List the things that the robot knows of. No language model is asked."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from r1_model.scene.storage import SceneStorageError

    with client_of(namespace) as client:
        found = client.list_objects(label, include_gone=gone, timeout=timeout).objects
        if export is not None:
            from r1_ros.pictures.scene_folder import write_scene_folder

            graph = client.scene_graph(timeout=timeout)
            try:
                write_scene_folder(export, client.get_scene(timeout=timeout), graph)
            except SceneStorageError as error:
                raise SystemExit(f"r1: {error}") from None
    if as_json:
        from r1_ros.messages.message_json import message_to_dict

        typer.echo(json.dumps([message_to_dict(o) for o in found], ensure_ascii=False, indent=1))
        return
    names = {item.id: item.label for item in found}
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("id", "label", "room", "centre [m]", "size [m]", "score", "where", "state"):
        table.add_column(escape(name), overflow="fold")
    for item in found:
        p, size = item.pose.position, item.size
        table.add_row(
            item.id,
            escape(item.label),
            escape(item.room),
            f"{p.x:.2f} {p.y:.2f} {p.z:.2f}",
            f"{size.x:.2f} {size.y:.2f} {size.z:.2f}",
            f"{item.score:.2f}",
            escape(where_text(item, names)),
            state_text(item),
        )
    Console().print(table)


def where_text(item: KnownObject, names: dict[str, str]) -> str:
    """`on table obj3, next to cup obj7`"""
    return ", ".join(
        f"{r.relation.replace('_', ' ')} {f'{names[r.object_id]} ' if r.object_id in names else ''}"
        f"{r.object_id}"
        for r in item.relations
    )


def state_text(item: KnownObject) -> str:
    """`gone`, `moved` or nothing."""
    return "gone" if item.gone else "moved" if item.moved else ""
