"""One picture of a pack: every category's meshes as a camera would see them."""

from __future__ import annotations

import math

import numpy as np
import torch
from PIL import Image, ImageDraw

from r1_training.synthetic.camera.packed_rooms import COLUMNS, PackedRooms
from r1_training.synthetic.camera.rendered_frames import Frames
from r1_training.synthetic.camera.trajectories import intrinsics, look_at
from r1_training.synthetic.household.drawing.assets import assets_of
from r1_training.synthetic.household.drawing.instances import instance_table
from r1_training.synthetic.household.drawing.rasteriser import draw_meshes
from r1_training.synthetic.household.pack import MeshPack
from r1_training.synthetic.rooms.elements import MeshInstances

_FOV = 0.5
_AMBIENT = 0.45


def portraits(pack: MeshPack, numbers: list[int], pixels: int, *, side: float = 0.6) -> np.ndarray:
    """Pictures (N, pixels, pixels, 3) uint8 of meshes from the front, a little from above.

    Args:
        side: radians that the camera stands to the right of the front.
    """
    one = np.ones(len(numbers), np.float32)
    size = np.array([pack.meshes[n].size for n in numbers], np.float32)
    affine = np.zeros((len(numbers), 3, 4), np.float32)
    affine[:, np.arange(3), np.arange(3)] = size
    table = instance_table(
        MeshInstances(
            mesh=np.array(numbers, np.int32),
            map_from_unit=affine,
            size=size,
            color=np.full((len(numbers), 3), np.nan, np.float32),
            tile=np.full(len(numbers), -1, np.int32),
            scale=one,
            emissive=0 * one,
            gloss=0 * one,
            instance=np.ones(len(numbers), np.int32),
        )
    )
    reach = np.linalg.norm(size, axis=1) / 2
    target = np.stack((0 * one, 0 * one, size[:, 2] / 2), 1)
    away = np.array([math.sin(side), -math.cos(side), 0.45])
    eye = target + away * (reach / math.sin(_FOV / 2))[:, None]
    T = torch.from_numpy(look_at(eye.astype(np.float64), target.astype(np.float64)))[:, None]
    K = intrinsics(torch.full((len(numbers),), _FOV), pixels, pixels)[:, None]
    lamp = np.concatenate((eye + [0.0, 0.0, 2.0] * reach[:, None], np.full((len(eye), 3), 0.9)), 1)
    rooms = PackedRooms(
        table=torch.zeros(len(numbers), 0, COLUMNS),
        counts=torch.zeros(len(numbers), dtype=torch.int32),
        lights=torch.from_numpy(lamp.astype(np.float32))[:, None],
        ambient=torch.full((len(numbers), 3), _AMBIENT),
        T_scene_camera=T,
        fov=torch.full((len(numbers),), _FOV),
        objects=1,
        instances=torch.from_numpy(table)[:, None],
    )
    shape = (len(numbers), 1, pixels, pixels)
    empty = Frames(
        color=torch.full((*shape, 3), 250, dtype=torch.uint8),
        depth=torch.zeros(shape),
        instance=torch.full(shape, -1, dtype=torch.int16),
        strength=torch.zeros(shape),
    )
    return draw_meshes(empty, rooms, K, T, assets_of(pack, "cpu")).color[:, 0].numpy()


def contact_sheet(
    pack: MeshPack, *, pixels: int = 64, columns: int = 24, categories: list[str] | None = None
) -> Image.Image:
    """All meshes by category; held-out ones have a blue frame."""
    numbers = [
        n
        for category in categories or sorted(pack.by_category)
        for n in pack.by_category.get(category, ())
    ]
    high = pixels + 10
    rows = -(-len(numbers) // columns)
    sheet = Image.new("RGB", (columns * pixels, rows * high), "white")
    draw = ImageDraw.Draw(sheet)
    for start in range(0, len(numbers), 64):
        part = numbers[start : start + 64]
        for offset, picture in enumerate(portraits(pack, part, pixels)):
            row, column = divmod(start + offset, columns)
            x, y = column * pixels, row * high
            sheet.paste(Image.fromarray(picture), (x, y))
            mesh = pack.meshes[part[offset]]
            draw.text((x + 1, y + pixels - 2), mesh.category[: pixels // 5], fill="black")
            if mesh.held_out:
                draw.rectangle((x, y, x + pixels - 1, y + pixels - 1), outline=(40, 90, 220))
    return sheet
