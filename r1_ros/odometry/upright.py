"""Which way is up in a cloud whose first camera nobody has levelled."""

from __future__ import annotations

import numpy as np

from r1_ros.mapping.lean_open3d import open3d

_PLANES = 8  # the largest ones vote
_OFF_M = 0.015  # of a point from its plane
_ROUNDS = 1000  # of RANSAC
_LEVEL_DEG = 50.0  # from up at first: cameras look down at tables; more is a wall
_LEAST_POINTS = 200
_BELIEF = 0.01  # in what was up in the pictures, beside planes
_LOWEST = 1.0  # percent of the points lie below the floor


def upright(points: np.ndarray, up: np.ndarray, forward: np.ndarray) -> tuple[np.ndarray, bool]:
    """T_map_cloud (4, 4): z up as floors, tables and walls have it, floor at 0, x forward.

    Args:
        points: (N, 3) metres.
        up: (3,) unit, where up should be about: of the pictures, on the whole.
        forward: (3,) unit, viewing direction of the first camera; it stands at x = y = 0.

    Returns:
        the transform, and whether planes were found to go by; without one, `up` is believed.
    """
    planes = _planes(points)
    levelled = bool(planes)
    z = up
    for _ in range(2):  # what counts as level is clearer with the first answer
        z = _up_of(planes, z)
    x = forward - (forward @ z) * z
    if np.linalg.norm(x) < 0.1:  # it looked straight up or down
        x = np.cross(np.eye(3)[int(np.argmin(np.abs(z)))], z)
    x /= np.linalg.norm(x)
    T = np.eye(4)
    T[:3, :3] = np.stack([x, np.cross(z, x), z])
    T[2, 3] = -np.percentile(points @ z, _LOWEST)
    return T, levelled


def _planes(points: np.ndarray) -> list[tuple[np.ndarray, int]]:
    """Unit normals (3,) of the largest planes, and how many points lie in each."""
    open3d.utility.random.seed(0)
    rest = open3d.geometry.PointCloud(open3d.utility.Vector3dVector(points.astype(np.float64)))
    found: list[tuple[np.ndarray, int]] = []
    while len(found) < _PLANES and len(rest.points) >= _LEAST_POINTS:
        plane, inside = rest.segment_plane(_OFF_M, 3, _ROUNDS)
        if len(inside) < _LEAST_POINTS:
            break
        found.append((plane[:3] / np.linalg.norm(plane[:3]), len(inside)))
        rest = rest.select_by_index(inside, invert=True)
    return found


def _up_of(planes: list[tuple[np.ndarray, int]], up: np.ndarray) -> np.ndarray:
    """(3,) unit: along the normals of level planes and across those of walls, near `up`.

    It is least in the quadratic form that a wall adds its normal to and a level plane takes it
    from, each weighed by its points.
    """
    whole = sum(count for _, count in planes) or 1
    form = -_BELIEF * np.outer(up, up)
    for normal, count in planes:
        tilt = np.degrees(np.arccos(min(1.0, abs(float(normal @ up)))))
        sign = -1 if tilt < _LEVEL_DEG else 1
        form += sign * count / whole * np.outer(normal, normal)
    found = np.linalg.eigh(form)[1][:, 0]
    return found * np.sign(found @ up)
