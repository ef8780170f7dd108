"""Views of a cloud for scenes that have no keyframes: z-buffered splats from a ring of cameras."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.spatial import KDTree

from r1_model.scene.scene import Scene, View
from r1_model.views.visibility import look_at, project

SIZE = (336, 448)  # height, width in pixels: multiples of the model's 28
FIELD_OF_VIEW = 75.0  # degrees, horizontal
RING = 0.42  # ring radius over the room's extent: 0.5 would stand in the walls
EYE_HEIGHT = 0.6  # over the room's height
NEAR = 0.2  # metres; what is closer to the lens is left out
SPLAT = 1.4  # width of a square over the spacing of the points: diagonal neighbours must meet
MAX_SPLAT = 8  # pixels from a splat's centre to its edge
BACKGROUND = 127


def with_rendered_views(scene: Scene, count: int = 8) -> Scene:
    """The scene itself where it has views; otherwise the same scene with views rendered from it.

    Args:
        scene: with at least one point.
        count: how many views to render.

    Raises:
        InvalidSceneError: the scene has neither views nor points.
    """
    if scene.views:
        return scene
    scene.bounds()  # raises for an empty cloud
    poses = ring_poses(scene.points, count)
    spacing = point_spacing(scene.points)
    views = []
    for number, pose in enumerate(poses):
        color, depth = render(scene.points, scene.colors, camera_matrix(), pose, SIZE, spacing)
        views.append(
            View(
                color,
                depth,
                camera_matrix(),
                pose,
                stamp=scene.stamp,
                id=number,
                frame_id=f"rendered_{number}",
            )
        )
    return replace(scene, views=views)


def camera_matrix(size: tuple[int, int] = SIZE, field_of_view: float = FIELD_OF_VIEW) -> np.ndarray:
    """K (3, 3) float64 of a pinhole camera with its principal point in the image's centre."""
    height, width = size
    focal = width / 2 / np.tan(np.radians(field_of_view) / 2)
    return np.array([[focal, 0, (width - 1) / 2], [0, focal, (height - 1) / 2], [0, 0, 1]])


def ring_poses(points: np.ndarray, count: int) -> list[np.ndarray]:
    """Cameras on an ellipse inside the cloud's bounds that look at its centroid.

    Args:
        points: (N, 3) metres, z up, N > 0.
        count: number of cameras, evenly spread over the full turn.

    Returns:
        `count` poses T_scene_camera (4, 4) float64.
    """
    low, high = points.min(0).astype(np.float64), points.max(0).astype(np.float64)
    center, extent = (low + high) / 2, np.maximum(high - low, 2 * NEAR)
    target = points.mean(0, dtype=np.float64)
    poses = []
    for angle in 2 * np.pi * np.arange(count) / count:
        direction = np.array([np.cos(angle), np.sin(angle), 0.0])
        eye = center + RING * extent * direction
        eye[2] = low[2] + EYE_HEIGHT * extent[2]
        if np.linalg.norm(eye - target) < NEAR:  # a lopsided cloud may have its centroid there
            target = target - NEAR * direction
        poses.append(look_at(eye, target))
    return poses


def point_spacing(points: np.ndarray, sample: int = 1_000) -> float:
    """Typical distance between neighbours on the cloud's surfaces, metres."""
    if len(points) < 2:
        return 0.02
    queries = points[:: max(1, len(points) // sample)]
    neighbours = min(5, len(points))
    distance = KDTree(points).query(queries, k=neighbours)[0][:, -1]
    # the fourth neighbour of a regular grid on a surface is one spacing away
    return float(np.clip(np.median(distance), 0.005, 0.2))


def render(
    points: np.ndarray,
    colors: np.ndarray,
    K: np.ndarray,
    T_scene_camera: np.ndarray,
    size: tuple[int, int],
    spacing: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Colour and depth image of a cloud.

    Every point is a square as wide as the cloud's spacing; of the points on a pixel the nearest
    is kept, of equally near ones the one with the lowest index.

    Args:
        points: (N, 3) metres in the scene frame.
        colors: (N, 3) uint8.
        K: (3, 3) pixels.
        T_scene_camera: (4, 4).
        size: (height, width) pixels.
        spacing: metres between neighbouring points; sets the size of the squares.

    Returns:
        color (H, W, 3) uint8, grey where nothing is, and depth (H, W) float32 metres, 0 there.
    """
    height, width = size
    empty = View(
        np.zeros((height, width, 3), np.uint8),
        np.zeros(size, np.float32),
        K.astype(np.float64),
        T_scene_camera.astype(np.float64),
    )
    u, v, z = project(empty, points)
    margin = MAX_SPLAT
    kept = np.flatnonzero(
        (z > NEAR) & (u > -margin) & (u < width + margin) & (v > -margin) & (v < height + margin)
    )
    u, v, z = np.rint(u[kept]).astype(int), np.rint(v[kept]).astype(int), z[kept]
    reach = np.clip(np.ceil(SPLAT * K[0, 0] * spacing / z / 2 - 0.5), 0, MAX_SPLAT).astype(int)
    # bits of positive floats sort like the floats: depth first, then the point's index
    key = (z.astype(np.float32).view(np.int32).astype(np.int64) << 32) | kept
    nothing = np.iinfo(np.int64).max
    buffer = np.full(height * width, nothing)
    for half in np.unique(reach):
        group = np.flatnonzero(reach == half)
        dv, du = np.mgrid[-half : half + 1, -half : half + 1]
        row = v[group, None] + dv.ravel()  # (points, pixels of the square)
        column = u[group, None] + du.ravel()
        inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
        owner = np.broadcast_to(key[group, None], row.shape)
        np.minimum.at(buffer, (row * width + column)[inside], owner[inside])
    color = np.full((height * width, 3), BACKGROUND, np.uint8)
    depth = np.zeros(height * width, np.float32)
    hit = buffer != nothing
    color[hit] = colors[buffer[hit] & 0xFFFFFFFF]
    depth[hit] = (buffer[hit] >> 32).astype(np.int32).view(np.float32)
    return color.reshape(height, width, 3), depth.reshape(size)
