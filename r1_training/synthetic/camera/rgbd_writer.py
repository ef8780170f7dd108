"""Write a synthetic room as an RGB-D folder, the format that `r1 record` reads.

color/NNNNNN.jpg   RGB
depth/NNNNNN.png   uint16, millimetres; 0 is invalid
camera.json        pinhole shared by colour and depth
trajectory.txt     stamp, position, quaternion (x, y, z, w) of the optical frame in `map`, frame
objects.json       axis-aligned boxes in `map`
questions.json     questions with accepted answers and the objects they are about
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import torch
from scipy.spatial.transform import Rotation

from r1_training.synthetic.camera.packed_rooms import pack_rooms
from r1_training.synthetic.camera.raytracer import render
from r1_training.synthetic.camera.sensor import apply_sensor
from r1_training.synthetic.camera.trajectories import intrinsics, smooth_path
from r1_training.synthetic.household.catalog import VOCABULARY
from r1_training.synthetic.rooms.catalog import SPLITS
from r1_training.synthetic.rooms.elements import Room, RoomObject

RATE_HZ = 10.0
_SENSOR_LEVEL = 0.5
_CHUNK = 4  # frames a task of the thread pool
_MIN_PIXELS = 150  # an object seen by fewer pixels in all frames together is left out


class FolderExistsError(FileExistsError):
    """The output folder exists and is not empty; its path is the message."""


def write_rgbd_folder(
    room: Room, folder: Path, *, frames: int = 80, width: int = 640, height: int = 480
) -> Iterator[int]:
    """Render a continuous recording of the room into a new folder.

    Yields:
        how many frames are written so far.

    Raises:
        FolderExistsError: `folder` is there and not empty.
        ValueError: fewer than 1 frame, or an image smaller than 16x16.
    """
    if frames < 1 or width < 16 or height < 16:
        raise ValueError(f"need 1 frame of 16x16 or more, got {frames} of {width}x{height}")
    if folder.exists() and any(folder.iterdir()):
        raise FolderExistsError(str(folder))
    (folder / "color").mkdir(parents=True)
    (folder / "depth").mkdir()
    rng = np.random.default_rng([SPLITS[room.split], room.seed, 2])
    T, fov = smooth_path(room, rng, frames)
    K = intrinsics(torch.tensor(fov), height, width)
    packed = pack_rooms([room], views=1)
    pixels: Counter[int] = Counter()

    def write(first: int) -> tuple[int, np.ndarray]:
        poses = torch.from_numpy(T[first : first + _CHUNK])[None]
        views = poses.shape[1]
        drawn = render(packed, K.expand(1, views, 3, 3), poses, height, width)
        generator = torch.Generator().manual_seed(room.seed * 100_003 + first)
        color, depth, _ = apply_sensor(drawn, torch.tensor([_SENSOR_LEVEL]), generator)
        millimetres = (depth[0] * 1000 + 0.5).clamp(0, 65534).to(torch.int32).numpy()
        for k in range(views):
            name = f"{first + k:06d}"
            bgr = cv2.cvtColor(color[0, k].numpy(), cv2.COLOR_RGB2BGR)
            _write_image(folder / "color" / f"{name}.jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, 92])
            _write_image(folder / "depth" / f"{name}.png", millimetres[k].astype(np.uint16), [])
        return views, np.bincount(drawn.instance.flatten().int().clamp_min(0).numpy())

    done = 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for views, counts in pool.map(write, range(0, frames, _CHUNK)):
            pixels.update(dict(enumerate(counts.tolist())))
            done += views
            yield done
    _write_text(folder, K, T, width, height)
    seen = [item for item in room.objects if pixels[item.id] >= _MIN_PIXELS]
    names = _names(seen)
    _write_json(folder / "objects.json", _objects(seen, names))
    _write_json(folder / "questions.json", _questions(seen, names))


def _write_image(path: Path, image: np.ndarray, options: list[int]) -> None:
    if not cv2.imwrite(str(path), image, options):
        raise OSError(f"cannot write {path}")


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def _write_text(folder: Path, K: torch.Tensor, T: np.ndarray, width: int, height: int) -> None:
    camera = {
        **{"width": width, "height": height, "fx": K[0, 0].item(), "fy": K[1, 1].item()},
        **{"cx": K[0, 2].item(), "cy": K[1, 2].item(), "depth_scale_m": 0.001},
        **{"depth_invalid": [0, 65535], "rate_hz": RATE_HZ},
    }
    _write_json(folder / "camera.json", camera)
    lines = [
        "# timestamp_s tx ty tz qx qy qz qw frame   (pose of the camera optical frame in map; "
        "metres; map is z-up, floor at z=0)"
    ]
    for k, pose in enumerate(T):
        numbers = [*pose[:3, 3], *Rotation.from_matrix(pose[:3, :3]).as_quat()]
        lines.append(f"{k / RATE_HZ:.6f} " + " ".join(f"{n:.6f}" for n in numbers) + f" {k:06d}")
    (folder / "trajectory.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _names(objects: list[RoomObject]) -> dict[int, str]:
    """Names such as coffee_table_0, by object id."""
    count: Counter[str] = Counter()
    names = {}
    for item in objects:
        stem = item.category.replace(" ", "_")
        names[item.id] = f"{stem}_{count[stem]}"
        count[stem] += 1
    return names


def _objects(objects: list[RoomObject], names: dict[int, str]) -> dict:
    return {
        "frame": "map",
        "note": "exact boxes of a synthetic room",
        "objects": [
            {
                **{"id": names[item.id], "label": item.category},
                "center": [round(float(v), 4) for v in item.center],
                "size": [round(float(v), 4) for v in item.size],
                "caption": describe(item),
            }
            for item in objects
        ],
    }


_MADE_OF = {"wood": "wooden", "fruit": "", "leaves": "", "water": ""}


def describe(item: RoomObject) -> str:
    """What it is, in a few words: `a red wooden chair`."""
    material = _MADE_OF.get(item.material, item.material)
    words = " ".join(word for word in (item.color, material, item.category) if word)
    article = "an" if words[0] in "aeiou" else "a"
    states = [value for value in item.states.values() if value not in ("upright", "made")]
    return f"{article} {words}" + (f", {' and '.join(states)}" if states else "")


def _questions(objects: list[RoomObject], names: dict[int, str]) -> list[dict]:
    """Counts of every category, then colour and grounding of what there is one of."""
    groups: dict[str, list[RoomObject]] = {}
    for item in objects:
        groups.setdefault(item.category, []).append(item)
    rows = []
    for category, members in groups.items():
        ids = [names[item.id] for item in members]
        if VOCABULARY[category].kind != "region":
            question = f"How many {_plural(category)} are there?"
            rows.append(("qa", question, [str(len(ids))], ids))
        if len(members) == 1:
            rows.append(("qa", f"What colour is the {category}?", [members[0].color], ids))
            rows.append(("grounding", f"the {category}", [], ids))
    rows.append(("dense_captioning", "Describe every object in the scene.", [], []))
    keys = ("task", "question", "answers", "objects")
    return [
        {"id": f"room_{k:02d}", **dict(zip(keys, row, strict=True))} for k, row in enumerate(rows)
    ]


def _plural(category: str) -> str:
    if category.endswith(("box", "dish")):
        return category + "es"
    return category[:-2] + "ves" if category.endswith("shelf") else category + "s"
