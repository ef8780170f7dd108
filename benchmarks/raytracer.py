"""Frames a second of the ray tracer, and rooms a second of the whole observation.

On a GPU the anchor is the eager reference on the same GPU; on a CPU it is Open3D's RaycastingScene
(Embree) on the same rooms as meshes, which gives depth and ids but no shading.

    python benchmarks/raytracer.py [--rooms 64] [--views 12] [--json output/raytracer.json]
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from rich.console import Console
from rich.table import Table

from r1_training.synthetic.camera.observe import observe_batch
from r1_training.synthetic.camera.packed_rooms import pack_rooms
from r1_training.synthetic.camera.raytracer import render, render_reference
from r1_training.synthetic.camera.trajectories import intrinsics
from r1_training.synthetic.rooms.elements import BOX, SPHERE, TUBE, Primitives
from r1_training.synthetic.rooms.room import make_room

HEIGHT, WIDTH = 120, 160


def seconds(action: Callable[[], object], repeats: int, cuda: bool) -> float:
    action()
    if cuda:
        torch.cuda.synchronize()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        action()
        if cuda:
            torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
    return float(np.median(times))


def embree_scene(primitives: Primitives):
    import open3d as o3d

    scene = o3d.t.geometry.RaycastingScene(nthreads=torch.get_num_threads())
    for k in range(len(primitives)):
        kind = primitives.kind[k]
        if kind == BOX:
            mesh = o3d.geometry.TriangleMesh.create_box()
            mesh.translate((-0.5, -0.5, -0.5))
        elif kind == SPHERE:
            mesh = o3d.geometry.TriangleMesh.create_sphere(0.5, 24)
        else:
            mesh = o3d.geometry.TriangleMesh.create_cylinder(0.5, 1.0, 48, 1)
            if kind == TUBE:
                mesh.remove_vertices_by_index([0, 1])
        matrix = np.vstack([primitives.unit_from_map[k], [0, 0, 0, 1]]).astype(np.float64)
        mesh.transform(np.linalg.inv(matrix))
        scene.add_triangles(o3d.t.geometry.TriangleMesh.from_legacy(mesh))
    return scene


def embree(rooms: list, K: np.ndarray, T: np.ndarray) -> Callable[[], None]:
    import open3d as o3d

    scenes = [embree_scene(room.primitives) for room in rooms]

    def cast() -> None:
        for b, scene in enumerate(scenes):
            for v in range(K.shape[1]):
                rays = o3d.t.geometry.RaycastingScene.create_rays_pinhole(
                    K[b, v].astype(np.float64), np.linalg.inv(T[b, v]), WIDTH, HEIGHT
                )
                scene.cast_rays(rays)

    return cast


def main(
    rooms: Annotated[int, typer.Option(help="Rooms; by default 64 on a GPU, 4 on a CPU.")] = 0,
    views: int = 12,
    repeats: int = 5,
    json_path: Annotated[Path, typer.Option("--json")] = Path("output/raytracer.json"),
) -> None:
    cuda = torch.cuda.is_available()
    device = "cuda" if cuda else "cpu"
    count = rooms or (64 if cuda else 4)
    start = time.perf_counter()
    made = [make_room(seed) for seed in range(count)]
    making = (time.perf_counter() - start) / count
    packed = pack_rooms(made, views=views)
    K = intrinsics(packed.fov, HEIGHT, WIDTH)[:, None].expand(-1, views, -1, -1)
    scene = packed.to(device), K.to(device), packed.T_scene_camera.to(device)
    frames = count * views
    rows = [
        (
            "render",
            seconds(lambda: render(*scene, HEIGHT, WIDTH), repeats, cuda),
        )
    ]
    if cuda:
        part = 4
        few = pack_rooms(made[: count // part], views=views).to(device)
        reference = (few, scene[1][: len(few)], scene[2][: len(few)])
        slow = seconds(lambda: render_reference(*reference, HEIGHT, WIDTH), 1, cuda) * part
        rows.append(("anchor: eager reference", slow))
    else:
        rows.append(
            (
                "anchor: Open3D RaycastingScene (no shading)",
                seconds(embree(made, K.numpy(), packed.T_scene_camera.numpy()), repeats, cuda),
            )
        )
    observed = seconds(lambda: observe_batch(packed, 0, views=views, device=device), repeats, cuda)
    table = Table(title=f"{count} rooms x {views} views of {WIDTH}x{HEIGHT} on {device}")
    for name in ("what", "ms", "frames/s", "rooms/s"):
        table.add_column(name)
    for name, t in (*rows, ("render + sensor + fuse (observe_batch)", observed)):
        table.add_row(name, f"{t * 1e3:.1f}", f"{frames / t:,.0f}", f"{count / t:,.1f}")
    console = Console()
    console.print(table)
    ratio = rows[1][1] / rows[0][1]
    primitives = float(packed.counts.float().mean())
    console.print(f"{primitives:.0f} primitives a room; make_room {making * 1e3:.1f} ms a room")
    console.print(f"ratio to the anchor: {ratio:.2f}")
    content = {
        **{"device": device, "rooms": count, "views": views, "height": HEIGHT, "width": WIDTH},
        **{"primitives": primitives, "make_room_s": making, "render_s": rows[0][1]},
        **{"anchor": rows[1][0], "anchor_s": rows[1][1], "ratio": ratio},
        **{"frames_per_s": frames / rows[0][1], "observed_rooms_per_s": count / observed},
    }
    json_path.parent.mkdir(parents=True, exist_ok=True)
    json_path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
