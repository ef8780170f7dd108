"""A room of six textured walls and a block, seen by a camera whose poses are known exactly."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from r1_model.views.visibility import look_at

WIDTH, HEIGHT, FOCAL = 240, 180, 200.0
# low and high corner of the walls, which are seen from inside, and of the block [m]
ROOM = np.array([[0.0, 0, 0], [4, 3, 2.4]])
BLOCK = np.array([[2.6, 1.2, 0], [3.2, 1.9, 0.8]])


def poses(count: int, step: float = 0.03) -> list[np.ndarray]:
    """T_map_camera of a walk around the block that looks at it."""
    return [
        look_at(
            np.array([0.8 + step * i, 0.8 + 0.01 * i, 1.4]), np.array([2.9, 1.5 - 0.005 * i, 0.6])
        )
        for i in range(count)
    ]


def see(T_map_camera: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Colour (H, W, 3) uint8 and depth (H, W) uint16 mm."""
    rng = np.random.default_rng(0)
    textures = rng.integers(0, 256, (12, 96, 96, 3)).astype(np.uint8)
    u, v = np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT))
    rays = (
        np.stack([(u - WIDTH / 2) / FOCAL, (v - HEIGHT / 2) / FOCAL, np.ones_like(u)], -1)
        @ T_map_camera[:3, :3].T
    )
    origin = T_map_camera[:3, 3]
    depth = np.full((HEIGHT, WIDTH), np.inf)
    color = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    for solid, box in enumerate((ROOM, BLOCK)):
        for axis in range(3):
            for side in range(2):
                with np.errstate(divide="ignore", invalid="ignore"):
                    t = (box[side, axis] - origin[axis]) / rays[..., axis]
                at = origin + np.where(np.isfinite(t), t, 0)[..., None] * rays
                others = [a for a in range(3) if a != axis]
                inside = (
                    (at[..., others] >= box[0, others]) & (at[..., others] <= box[1, others])
                ).all(-1)
                near = inside & np.isfinite(t) & (t > 0.1) & (t < depth)
                cells = np.floor(at[..., others] / 0.04).astype(int) % 96
                texture = textures[6 * solid + 2 * axis + side]
                color[near] = texture[cells[..., 0], cells[..., 1]][near]
                depth[near] = t[near]
    return cv2.GaussianBlur(color, (3, 3), 0), np.rint(depth * 1000).astype(np.uint16)


def write_folder(folder: Path, views: Sequence[np.ndarray]) -> Path:
    """An RGB-D folder without trajectory.txt."""
    for name in ("color", "depth"):
        (folder / name).mkdir(parents=True)
    for number, pose in enumerate(views):
        color, depth = see(pose)
        bgr = cv2.cvtColor(color, cv2.COLOR_RGB2BGR)
        cv2.imwrite(str(folder / "color" / f"{number:06d}.png"), bgr)
        cv2.imwrite(str(folder / "depth" / f"{number:06d}.png"), depth)
    camera = {
        "width": WIDTH, "height": HEIGHT, "fx": FOCAL, "fy": FOCAL,
        "cx": WIDTH / 2, "cy": HEIGHT / 2, "depth_scale_m": 0.001, "rate_hz": 10.0,
    }  # fmt: skip
    (folder / "camera.json").write_text(json.dumps(camera))
    return folder
