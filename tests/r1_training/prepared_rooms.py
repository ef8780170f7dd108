"""Synthetic rooms as prepared ScanNet scans: real objects in the real layout."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from r1_training.datasets.scannet.class_labels import CLASS_BY_NYU40
from r1_training.prepare.frames import frame_files, write_bytes
from r1_training.synthetic.camera.observe import room_to_scene
from r1_training.synthetic.rooms.elements import Room

NYU40_BY_CLASS = {name: number for number, name in CLASS_BY_NYU40.items()}
OTHER_PROP = 40


def write_prepared_room(folder: Path, scene_id: str, room: Room, *, frames: int = 4) -> None:
    """A scan of a room as `r1 prepare scannet --frames` would leave it."""
    folder.mkdir(parents=True, exist_ok=True)
    scene, _ = room_to_scene(room, keep_views=frames, partial=0)
    vertices = np.zeros((len(scene.points), 9), np.float32)
    vertices[:, :3], vertices[:, 3:6] = scene.points, scene.colors
    labels = np.zeros(len(scene.points), np.uint32)
    boxes = np.array(
        [
            [*item.center, *item.size, NYU40_BY_CLASS.get(item.category, OTHER_PROP), item.id]
            for item in room.objects
        ]
    )
    arrays = {"sem_label": labels, "ins_label": labels, "bbox": boxes, "aligned_bbox": boxes}
    for name, array in (arrays | {"vert": vertices, "aligned_vert": vertices}).items():
        np.save(folder / f"{scene_id}_{name}.npy", array)
    views = (replace(view, id=number) for number, view in enumerate(scene.views))
    for name, data in frame_files(views):
        write_bytes(folder / "frames" / scene_id / name, data)
