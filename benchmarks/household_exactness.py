"""Are rooms of meshes what they say? Boxes, ids, counts, relations and plans against geometry.

For every room: it is made again and compared; each box against all vertices of its meshes; each
pixel of one view against the box of its id; what is claimed, meant and planned in its questions
against the tests' second opinion, which was written apart from the generators.

    python benchmarks/household_exactness.py [--rooms 1000] [--parts 3] [--pack data/meshes.npz]

With `--parts` every map covers so many rooms, else as many as its seed says.

Without a pack (`r1 prepare meshes`) it is skipped. Exit status 1 if anything is wrong.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import fields
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # for the tests' second opinion

from r1_training.synthetic.camera.observe import back_project  # noqa: E402
from r1_training.synthetic.camera.packed_rooms import pack_rooms  # noqa: E402
from r1_training.synthetic.camera.raytracer import render  # noqa: E402
from r1_training.synthetic.camera.trajectories import intrinsics  # noqa: E402
from r1_training.synthetic.household.builder import thin  # noqa: E402
from r1_training.synthetic.household.floor_plan import WALL  # noqa: E402
from r1_training.synthetic.household.pack import (  # noqa: E402
    MeshPack,
    MeshPackError,
    load_pack,
)
from r1_training.synthetic.household.rooms import make_household_room  # noqa: E402
from r1_training.synthetic.language import (  # noqa: E402
    check_answer,
    fill_boxes,
    make_samples,
)
from r1_training.synthetic.rooms.elements import Room  # noqa: E402
from tests.r1_training.synthetic.language import slow  # noqa: E402
from tests.r1_training.synthetic.language.rooms import (  # noqa: E402
    bounds_of,
    boxes_of,
    visible_of,
)

CLOSE = 1e-4  # metres that a vertex may lie outside of its box: float32 in the instance table
NEAR = 0.02  # metres, a voxel: rays that graze a surface meet it a little elsewhere in float32
HEIGHT, WIDTH = 60, 80


def check_same(room: Room, again: Room) -> bool:
    """Are two rooms equal, number by number?"""
    for name in ("primitives", "meshes"):
        a, b = getattr(room, name), getattr(again, name)
        for field in fields(a):
            x, y = getattr(a, field.name), getattr(b, field.name)
            if not np.array_equal(x, y, equal_nan=x.dtype.kind == "f"):
                return False
    return all(
        (x.category, x.color, x.states, x.parent) == (y.category, y.color, y.states, y.parent)
        for x, y in zip(room.objects, again.objects, strict=True)
    )


def box_errors(room: Room, pack: MeshPack) -> list[float]:
    """Of every object of meshes alone: metres between its box and that of all its vertices."""
    drawn = set(room.primitives.instance.tolist())
    errors = []
    for thing in room.objects:
        rows = np.flatnonzero(room.meshes.instance == thing.id)
        if thing.id in drawn or not len(rows):
            continue
        points = []
        for k in rows:
            number = int(room.meshes.mesh[k])
            unit = pack.unit_vertices(number) if number >= 0 else pack.hull(number)
            matrix = room.meshes.map_from_unit[k].astype(np.float64)
            points.append(unit @ matrix[:, :3].T + matrix[:, 3])
        low, high = np.concatenate(points).min(0), np.concatenate(points).max(0)
        grown = thin(low, high)
        low, high = low - grown, high + grown
        if room.crop is not None:
            low, high = np.maximum(low, room.crop[0]), np.minimum(high, room.crop[1])
        size = thing.size / 2
        errors.append(
            float(max(abs(low - thing.center + size).max(), abs(high - thing.center - size).max()))
        )
    return errors


def strays(room: Room) -> int:
    """Things whose box reaches out of their room by more than a wall, or stands in another one."""
    if not room.parts:
        return 0
    types = [part.type for part in room.parts]
    inverse = np.linalg.inv(room.T_map_room)
    found = 0
    for thing in room.objects:
        part = room.parts[thing.part]
        x, y, _, _ = inverse @ (*thing.center, 1.0)
        out = np.abs(np.array([x, y]) - part.center) - part.size[:2] / 2
        found += bool((out > WALL / 2).any()) or slow.room_type_at(room, thing) != types[thing.part]
    return found


def stray_pixels(room: Room, pack: MeshPack) -> tuple[int, int]:
    """Pixels of one view that lie outside of the box of their id, and all that have one."""
    packed = pack_rooms([room], views=1)
    K = intrinsics(packed.fov, HEIGHT, WIDTH)[:, None]
    frames = render(packed, K, packed.T_scene_camera, HEIGHT, WIDTH, pack=pack)
    points = back_project(frames.depth, K, packed.T_scene_camera)[0, 0].double().numpy()
    owner = frames.instance[0, 0].numpy()
    mine = owner > 0
    if room.crop is not None:
        mine &= ((points >= room.crop[0]) & (points <= room.crop[1])).all(-1)
    if not mine.any():
        return 0, 0
    things = [room.object(int(id)) for id in owner[mine]]
    away = (
        np.abs(points[mine] - [t.center for t in things]) - np.array([t.size for t in things]) / 2
    )
    return int((away > NEAR).any(1).sum()), int(mine.sum())


def question_faults(room: Room, questions: int) -> tuple[Counter, Counter]:
    """What is wrong with a room's questions, and what was checked."""
    wrong, checked = Counter(), Counter()
    visible = visible_of(room)
    rng = np.random.default_rng(room.seed)
    for sample in make_samples(room, rng, visible=visible, count=questions, split=room.split):
        claim, ref = sample.answer_key.get("claim"), sample.answer_key.get("ref")
        if claim is not None:
            checked[f"claim: {claim[0]}"] += 1
            wrong[f"claim: {claim[0]}"] += not slow.claim_holds(claim, room, set(visible))
        if ref is not None:
            checked["reference"] += 1
            wrong["reference"] += slow.fits(ref, room, set(visible)) != [ref.id]
        boxes, bounds = boxes_of(room), bounds_of(room)
        text = fill_boxes(sample.raw, {**boxes, **sample.extra_boxes}, bounds)
        verdict = check_answer(sample, text, boxes, room, bounds)
        checked[f"answer: {sample.task}"] += 1
        wrong[f"answer: {sample.task}"] += not (verdict["format"] and verdict["correct"])
    return wrong, checked


def examine(
    pack: MeshPack, rooms: int, questions: int, *, split: str = "test", parts: int | None = None
) -> dict:
    """All checks of the first rooms of a split."""
    errors: list[float] = []
    wrong, checked, categories = Counter(), Counter(), Counter()
    for seed in range(rooms):
        room = make_household_room(seed, pack, split, rooms=parts)
        checked["same seed, same room"] += 1
        wrong["same seed, same room"] += not check_same(
            room, make_household_room(seed, pack, split, rooms=parts)
        )
        checked["maps of several rooms"] += bool(room.parts)
        checked["things in the room that they belong to"] += len(room.objects)
        wrong["things in the room that they belong to"] += strays(room)
        errors += box_errors(room, pack)
        stray, pixels = stray_pixels(room, pack)
        checked["pixels in the box of their id"] += pixels
        wrong["pixels in the box of their id"] += stray
        more_wrong, more_checked = question_faults(room, questions)
        wrong.update(more_wrong)
        checked.update(more_checked)
        categories.update({thing.category for thing in room.objects})
    checked["boxes"] = len(errors)
    wrong["boxes"] = sum(error > CLOSE for error in errors)
    return {
        "rooms": rooms,
        "split": split,
        "largest_box_error_m": max(errors),
        "categories": len(categories),
        "checks": {name: [wrong[name], count] for name, count in sorted(checked.items())},
    }


def main(
    rooms: int = 1000,
    questions: int = 8,
    parts: int | None = None,
    pack_path: Annotated[Path, typer.Option("--pack")] = Path("data/meshes.npz"),
    json_path: Annotated[Path, typer.Option("--json")] = Path("output/household_exactness.json"),
) -> None:
    torch.set_num_threads(1)
    try:
        pack = load_pack(pack_path)
    except MeshPackError as error:
        print(f"skipped: {error}")
        return
    report = examine(pack, rooms, questions, parts=parts)
    for name, (wrong, count) in report["checks"].items():
        print(f"{name:34s} {wrong} wrong of {count:,}")
    print(
        f"{rooms} rooms, {report['categories']} categories, "
        f"largest error of a box {report['largest_box_error_m']:.1e} m"
    )
    json_path.parent.mkdir(parents=True, exist_ok=True)
    json_path.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    if any(wrong for wrong, _ in report["checks"].values()):
        sys.exit(1)


if __name__ == "__main__":
    typer.run(main)
