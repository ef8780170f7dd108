"""Rooms of meshes a second: made, observed, and their pixels beside those of the CPU.

Anchor: rooms of primitives, observed in the same way on the same device (training sees 430 a
second).

    python benchmarks/household_speed.py [--pack data/meshes.npz] [--json output/speed.json]

Without a pack (`r1 prepare meshes`) it is skipped.
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

from r1_training.synthetic.camera.observe import observe_batch
from r1_training.synthetic.camera.packed_rooms import pack_rooms
from r1_training.synthetic.camera.raytracer import render
from r1_training.synthetic.camera.trajectories import intrinsics
from r1_training.synthetic.household.drawing.assets import assets_of, triangles_of
from r1_training.synthetic.household.pack import MeshPackError, load_pack
from r1_training.synthetic.household.rooms import make_household_room
from r1_training.synthetic.rooms.room import make_room

HEIGHT, WIDTH, VIEWS, POINTS = 120, 160, 12, 81_920


def seconds(action: Callable[[], object], repeats: int, cuda: bool) -> float:
    action()
    times = []
    for _ in range(repeats):
        if cuda:
            torch.cuda.synchronize()
        start = time.perf_counter()
        action()
        if cuda:
            torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
    return float(np.median(times))


def main(
    pack_path: Annotated[Path, typer.Option("--pack")] = Path("data/meshes.npz"),
    rooms: Annotated[int, typer.Option(help="By default 28 on a GPU, 1 on a CPU.")] = 0,
    repeats: int = 10,
    json_path: Annotated[Path, typer.Option("--json")] = Path("output/household_speed.json"),
) -> None:
    try:
        pack = load_pack(pack_path)
    except MeshPackError as error:
        print(f"skipped: {error}")
        return
    cuda = torch.cuda.is_available()
    device, count = ("cuda", rooms or 28) if cuda else ("cpu", rooms or 1)
    report: dict[str, float | str] = {"device": device, "rooms": count, "meshes": len(pack.meshes)}
    start = time.perf_counter()
    made = [make_household_room(seed, pack) for seed in range(count)]
    report["make_ms"] = (time.perf_counter() - start) / count * 1e3
    packed = pack_rooms(made, views=VIEWS)
    plain = pack_rooms([make_room(seed) for seed in range(count)], views=VIEWS)
    triangles = triangles_of(packed.instances.to(device), assets_of(pack, device))
    report["triangles_a_room"] = len(triangles.corners) / count

    def observe(which, **options) -> Callable[[], object]:
        return lambda: observe_batch(
            which,
            0,
            views=VIEWS,
            height=HEIGHT,
            width=WIDTH,
            points=POINTS,
            device=device,
            **options,
        )

    report["meshes_s"] = seconds(observe(packed, pack=pack), repeats, cuda)
    report["primitives_s"] = seconds(observe(plain), repeats, cuda)
    report["rooms_per_s"] = count / report["meshes_s"]
    report["anchor_rooms_per_s"] = count / report["primitives_s"]
    if cuda:
        few = pack_rooms(made[:4], views=3)
        K = intrinsics(few.fov, HEIGHT, WIDTH)[:, None].expand(-1, 3, -1, -1)
        cpu = render(few, K, few.T_scene_camera, HEIGHT, WIDTH, pack=pack)
        gpu = render(few.to("cuda"), K.cuda(), few.T_scene_camera.cuda(), HEIGHT, WIDTH, pack=pack)
        same = cpu.instance == gpu.instance.cpu()
        off = (cpu.depth - gpu.depth.cpu()).abs()[same]
        report["ids_equal"] = same.float().mean().item()
        report["depth_off_by_2mm"] = (off > 2e-3).float().mean().item()
        apart = (cpu.color.int() - gpu.color.cpu().int()).abs().amax(-1)
        report["colour_off_by_3"] = (apart > 3).float().mean().item()
    for name, value in report.items():
        print(f"{name:20s} {value if isinstance(value, str) else round(value, 5)}")
    json_path.parent.mkdir(parents=True, exist_ok=True)
    json_path.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
