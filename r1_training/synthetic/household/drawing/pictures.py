"""Pictures of rooms of meshes: what a camera sees, the cloud from above, the boxes."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image, ImageDraw

from r1_training.synthetic.camera.observe import observe_batch
from r1_training.synthetic.camera.packed_rooms import pack_rooms
from r1_training.synthetic.household.pack import MeshPack
from r1_training.synthetic.household.rooms import make_household_room
from r1_training.synthetic.rooms.elements import Room

_VIEW = (150, 200)
_TILT = math.radians(35)  # of the cloud's picture, from straight above


def rooms_sheet(
    pack: MeshPack, *, rooms: int = 24, columns: int = 4, first: int = 0
) -> Image.Image:
    """Test rooms side by side, each as one view and its cloud with the boxes."""
    high, wide = _VIEW[0], _VIEW[1] + _VIEW[0]
    sheet = Image.new("RGB", (columns * wide, -(-rooms // columns) * high), "white")
    for k in range(rooms):
        room = make_household_room(first + k, pack, "test")
        view, cloud = room_picture(room, pack)
        x, y = k % columns * wide, k // columns * high
        sheet.paste(view, (x, y))
        sheet.paste(cloud, (x + _VIEW[1], y))
    return sheet


def room_picture(room: Room, pack: MeshPack) -> tuple[Image.Image, Image.Image]:
    """The view that shows most objects, and the cloud from above with the boxes."""
    seen = observe_batch(
        pack_rooms([room], views=12, partial=0.0),
        room.seed,
        views=12,
        keep_views=12,
        height=_VIEW[0],
        width=_VIEW[1],
        points=60_000,
        pack=pack,
    )
    shown = [len(np.unique(view)) for view in seen["view_instance"][0].numpy()]
    view = Image.fromarray(seen["view_color"][0, int(np.argmax(shown))].numpy())
    return view, cloud_picture(room, seen["points"][0].numpy(), seen["colors"][0].numpy())


def cloud_picture(room: Room, points: np.ndarray, colors: np.ndarray) -> Image.Image:
    """The cloud in the robot's map, tilted, with the boxes as they are turned there.

    Args:
        points: (N, 3) metres; colors: (N, 3) uint8.
    """
    size = _VIEW[0]
    low, high = np.percentile(points, (0.5, 99.5), axis=0)
    shown = (points >= low).all(1) & (points <= high).all(1)
    shown &= points[:, 2] < low[2] + 2.3  # no ceiling
    flat = _drawn(points[shown], room.map_yaw)
    middle = (flat.max(0) + flat.min(0))[:2] / 2
    scale = 0.94 * size / max(np.ptp(flat, 0)[:2].max(), 0.2)
    place = ((flat[:, :2] - middle) * scale + size / 2).round().astype(int)
    image = np.full((size, size, 3), 255, np.uint8)
    order = np.argsort(flat[:, 2])
    inside = ((place >= 0) & (place < size)).all(1)[order]
    order = order[inside]
    image[size - 1 - place[order, 1], place[order, 0]] = colors[shown][order]
    picture = Image.fromarray(image)
    draw = ImageDraw.Draw(picture)
    corners = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]) / 2
    edges = [(a, b) for a in range(8) for b in range(a) if (corners[a] != corners[b]).sum() == 1]
    for thing in room.objects:
        box = _drawn(thing.center + corners * thing.size, room.map_yaw)
        dots = (box[:, :2] - middle) * scale + size / 2
        dots[:, 1] = size - 1 - dots[:, 1]
        for a, b in edges:
            draw.line((*dots[a], *dots[b]), fill=(230, 60, 40))
    return picture


def _drawn(points: np.ndarray, yaw: float) -> np.ndarray:
    """(N, 3) right, up and towards the eye, turned by yaw and tilted."""
    c, s = math.cos(yaw), math.sin(yaw)
    x, y = c * points[:, 0] - s * points[:, 1], s * points[:, 0] + c * points[:, 1]
    up = y * math.cos(_TILT) + points[:, 2] * math.sin(_TILT)
    return np.stack((x, up, points[:, 2] * math.cos(_TILT) - y * math.sin(_TILT)), 1)
