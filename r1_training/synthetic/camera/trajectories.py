"""Camera paths through synthetic rooms, as a robot drives or a hand moves; always in free space."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import torch

from r1_training.synthetic.rooms.elements import Room, RoomObject

_CANDIDATES = 192
# Of the training rooms of meshes: recorded by who walks around and looks across, as robots and
# people do, and not at each thing in turn. What they see of a thing is less.
WALKED = 0.35


@dataclass(frozen=True)
class CameraStyle:
    """How a camera is carried.

    Attributes:
        height: (low, high), metres above the floor.
        sway: standard deviation of the height along a path, metres.
        pitch: (low, high), degrees below the horizon, added to where it looks.
        roll: standard deviation, degrees.
    """

    height: tuple[float, float]
    sway: float
    pitch: tuple[float, float]
    roll: float


ROBOT = CameraStyle(height=(0.6, 1.35), sway=0.005, pitch=(0.0, 10.0), roll=0.3)
HAND = CameraStyle(height=(1.25, 1.75), sway=0.08, pitch=(-4.0, 12.0), roll=3.0)


def intrinsics(fov: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """Pinhole matrices (..., 3, 3) float32 from horizontal fields of view in radians."""
    focal = width / 2 / torch.tan(fov.float() / 2)
    K = torch.zeros(*fov.shape, 3, 3, device=fov.device)
    K[..., 0, 0], K[..., 1, 1], K[..., 2, 2] = focal, focal, 1.0
    K[..., 0, 2], K[..., 1, 2] = (width - 1) / 2, (height - 1) / 2
    return K


def look_at(eye: np.ndarray, target: np.ndarray, roll: np.ndarray | float = 0.0) -> np.ndarray:
    """Poses T_map_camera of the optical frame (x right, y down, z forward).

    Args:
        eye, target: (..., 3), metres, not above one another; roll: (...) radians.

    Returns:
        (..., 4, 4) float64.
    """
    z = target - eye
    z /= np.linalg.norm(z, axis=-1, keepdims=True)
    x = np.cross(z, np.array([0.0, 0.0, 1.0]))
    x /= np.linalg.norm(x, axis=-1, keepdims=True)
    y = np.cross(z, x)
    c, s = np.cos(roll)[..., None], np.sin(roll)[..., None]
    T = np.zeros((*eye.shape[:-1], 4, 4))
    T[..., :3, 0], T[..., :3, 1] = c * x + s * y, c * y - s * x
    T[..., :3, 2], T[..., :3, 3] = z, eye
    T[..., 3, 3] = 1.0
    return T


def free_positions(
    room: Room, rng: np.random.Generator, height: float, margin: float = 0.35
) -> np.ndarray:
    """Random places at this height where a camera can be, (M, 2) in the room frame, metres.

    The margin to objects shrinks in crowded rooms; the middle of the room is the last resort.
    """
    half = room.size[:2] / 2 - 0.25
    spots = rng.uniform(-half, half, (_CANDIDATES, 2))
    distance = clearance(room, spots, height)
    for limit in (margin, margin / 2, 0.08):
        free = spots[distance > limit]
        if len(free) >= 8:
            return free
    return np.zeros((1, 2))


def clearance(room: Room, spots: np.ndarray, height: float) -> np.ndarray:
    """Horizontal distance to the nearest box that reaches the camera's height, (M,), metres.

    Args:
        spots: (M, 2) in the room frame. Boxes well below or above the height do not count.
    """
    center = np.array([o.center for o in room.objects]).reshape(-1, 3)
    reach = np.array([o.size for o in room.objects]).reshape(-1, 3) / 2
    R, t = room.T_map_room[:2, :2], room.T_map_room[:2, 3]
    away = np.abs((spots @ R.T + t)[:, None] - center[None, :, :2]) - reach[None, :, :2]
    distance = np.linalg.norm(np.maximum(away, 0.0), axis=-1)
    low = (center[:, 2] + reach[:, 2] < height - 0.15) | (center[:, 2] - reach[:, 2] > height + 0.2)
    distance[:, low] = np.inf
    return distance.min(1, initial=np.inf)


def sample_views(
    room: Room, rng: np.random.Generator, views: int, partial: float = 0.25
) -> tuple[np.ndarray, float]:
    """Keyframes of a scan, in the order of a walk around the room, or through all rooms in turn.

    Each looks at a thing, or across the room; those of a third of the training rooms of meshes are
    of a `smooth_path`.

    Args:
        partial: the probability that the scan is made from one side of the room only.

    Returns:
        T_map_camera (views, 4, 4) float64, optical frame; horizontal field of view, radians.
    """
    if room.split == "train" and room.meshes is not None and rng.random() < WALKED:
        T, fov = smooth_path(room, rng, views)
        return np.roll(T, rng.integers(views), 0)[:: rng.choice((-1, 1))], fov
    style = ROBOT if rng.random() < 0.5 else HAND
    height = min(rng.uniform(*style.height), room.size[2] - 0.3)
    if room.parts:
        T = _through_parts(room, rng, views, partial, style, height)
    else:
        T = _around(room, rng, views, partial, style, height)
    return T, math.radians(rng.uniform(55, 75))


def _through_parts(
    room: Room,
    rng: np.random.Generator,
    views: int,
    partial: float,
    style: CameraStyle,
    height: float,
) -> np.ndarray:
    """Every room gets a view, and the others by its floor; (views, 4, 4), map frame."""
    area = np.array([np.prod(part.size[:2]) ** 0.5 for part in room.parts])
    order = np.roll(np.arange(len(area)), -int(rng.integers(len(area))))
    wanted = area / area.sum() * max(0, views - len(area))
    count = wanted.astype(int)
    count += np.arange(len(area)) < min(views, len(area))  # fewer views than rooms: some have none
    rest = np.argsort(count - 1 - wanted, kind="stable")[: views - count.sum()]
    count[rest] += 1
    walks = [
        _around(room_of_part(room, int(k)), rng, int(count[k]), partial, style, height)
        for k in order
        if count[k]
    ]
    return np.concatenate(walks)


def room_of_part(room: Room, number: int) -> Room:
    """One of several rooms as a room of its own; its objects keep their ids."""
    part = room.parts[number]
    T = room.T_map_room.copy()
    T[:3, 3] += T[:3, :2] @ part.center
    inside = [thing for thing in room.objects if thing.part == number]
    return replace(room, type=part.type, size=part.size, T_map_room=T, objects=inside, parts=())


def _around(
    room: Room,
    rng: np.random.Generator,
    views: int,
    partial: float,
    style: CameraStyle,
    height: float,
) -> np.ndarray:
    """A walk around one room; (views, 4, 4), map frame."""
    spots = free_positions(room, rng, height)
    start = rng.uniform(-math.pi, math.pi)
    angle = (np.arctan2(spots[:, 1], spots[:, 0]) - start) % (2 * math.pi)
    if rng.random() < partial:
        seen_from = angle < rng.uniform(0.3, 0.6) * 2 * math.pi
        if seen_from.any():
            spots = spots[seen_from]
    eye, target = _eyes_and_targets(room, rng, spots, height, views)
    angle = (np.arctan2(eye[:, 1], eye[:, 0]) - start) % (2 * math.pi)
    eye, target = eye[np.argsort(angle)], target[np.argsort(angle)]
    eye[:, :2] += rng.normal(0, 0.02, (views, 2))
    eye[:, 2] += rng.normal(0, style.sway, views)
    T = look_at(
        eye, _pitched(rng, style, eye, target), np.radians(rng.normal(0, style.roll, views))
    )
    return room.T_map_room @ T


def _eyes_and_targets(
    room: Room, rng: np.random.Generator, spots: np.ndarray, height: float, views: int
) -> tuple[np.ndarray, np.ndarray]:
    """Where each view is and what it looks at, (views, 3) each, room frame.

    Mostly an object from some 1.3 m away, each object in turn; else a point across the room. What
    bears a print comes first, and is looked at from before.
    """
    choice = spots[rng.integers(0, len(spots), (views, 4))]
    across = rng.uniform(-0.4, 0.4, (views, 3)) * room.size
    across[:, :2] -= 0.3 * choice[:, 0]
    across[:, 2] = rng.uniform(0.2, 1.3, views)
    target, pick = across.copy(), np.zeros(views, int)
    if room.objects:
        order = rng.permutation(len(room.objects))
        printed = np.array([bool(thing.motif) for thing in room.objects])
        if printed.any():
            order = order[np.argsort(~printed[order], kind="stable")]
        order = np.resize(order, views)
        inverse = np.linalg.inv(room.T_map_room)
        centers = np.array([room.objects[k].center for k in order])
        centers = centers @ inverse[:3, :3].T + inverse[:3, 3]
        away = np.linalg.norm(choice - centers[:, None, :2], axis=-1)
        at_object = rng.random(views) < 0.75
        pick = np.where(at_object, np.abs(away - 1.3).argmin(1), 0)
        for k in np.flatnonzero(at_object & printed[order]):
            choice[k, pick[k]] = _spot_before(room, room.objects[order[k]], centers[k], spots)
        target = np.where(at_object[:, None], centers, across)
    eye = np.concatenate([choice[np.arange(views), pick], np.full((views, 1), height)], 1)
    for other in (across, eye + [0.5, 0.0, 0.0]):  # too near to look at
        near = np.linalg.norm(target[:, :2] - eye[:, :2], axis=1) < 0.4
        target[near] = other[near]
    return eye, target


def _spot_before(
    room: Room, thing: RoomObject, center: np.ndarray, spots: np.ndarray
) -> np.ndarray:
    """The spot (2,) from which one reads best what is printed on the front of a thing.

    Args:
        center: of the thing, spots: (M, 2); room frame, metres.
    """
    turn = thing.yaw - math.atan2(room.T_map_room[1, 0], room.T_map_room[0, 0])
    front = np.array([math.sin(turn), -math.cos(turn)])
    away = spots - center[:2]
    far = np.linalg.norm(away, axis=1).clip(0.1)
    return spots[np.argmin(np.abs(far - 1.1) + 2.0 * (1.0 - away @ front / far))]


def _pitched(
    rng: np.random.Generator, style: CameraStyle, eye: np.ndarray, target: np.ndarray
) -> np.ndarray:
    """The targets, lowered by the style's pitch, at most 50 degrees below or 20 above eye level."""
    flat = np.linalg.norm(target[:, :2] - eye[:, :2], axis=1)
    pitch = np.arctan2(eye[:, 2] - target[:, 2], flat)
    pitch += np.radians(rng.uniform(*style.pitch, len(eye)))
    pitch = np.clip(pitch, math.radians(-20), math.radians(50))
    out = target.copy()
    out[:, 2] = eye[:, 2] - flat * np.tan(pitch)
    return out


def smooth_path(room: Room, rng: np.random.Generator, frames: int) -> tuple[np.ndarray, float]:
    """A continuous recording: a hand-held walk once around, looking across and along the walls.

    Of several rooms one is walked around after the other, and the way between them is left out.

    Returns:
        T_map_camera (frames, 4, 4) float64, optical frame; horizontal field of view, radians.
    """
    height = min(rng.uniform(1.3, 1.6), room.size[2] - 0.3)
    if room.parts:
        shares = np.array_split(np.arange(frames), len(room.parts))
        walks = [
            _walk(room_of_part(room, number), rng, len(share), height)
            for number, share in enumerate(shares)
            if len(share)
        ]
        path = np.concatenate(walks)
    else:
        path = _walk(room, rng, frames, height)
    return path, math.radians(rng.uniform(60, 70))


def _walk(room: Room, rng: np.random.Generator, frames: int, height: float) -> np.ndarray:
    """T_map_camera (frames, 4, 4) of a walk once around one room."""
    spots = free_positions(room, rng, height)
    way = np.arange(frames) / max(frames, 1)
    rings = [_ring(spots, outward, way) for outward in (0.3, 0.15, 0.05, 0.0, -0.15, -0.4)]
    ring = max(rings, key=lambda path: min(0.2, clearance(room, path, height).min()))
    eye = np.concatenate([ring, np.full((frames, 1), height)], 1)
    eye[:, 2] += 0.05 * np.sin(way * 2 * math.pi * 5)
    # looks across the middle, and swings to both sides so that the near walls are seen as well
    swing = 0.9 * np.sin(way * 2 * math.pi * 3)
    heading = way * 2 * math.pi + swing
    pitch = np.radians(20) + np.radians(9) * np.sin(way * 2 * math.pi * 4)
    ahead = np.stack([np.cos(heading), np.sin(heading), -np.tan(pitch)], 1)
    roll = np.radians(1.5) * np.sin(way * 2 * math.pi * 6)
    return room.T_map_room @ look_at(eye, eye + ahead, roll)


def _ring(spots: np.ndarray, outward: float, way: np.ndarray, stops: int = 8) -> np.ndarray:
    """A closed path (F, 2) through one spot of each direction, far out or near the middle."""
    angle, radius = np.arctan2(spots[:, 1], spots[:, 0]), np.linalg.norm(spots, axis=1)
    chosen = []
    for sector in np.linspace(-math.pi, math.pi, stops, endpoint=False):
        turn = np.abs((angle - sector + math.pi) % (2 * math.pi) - math.pi)
        chosen.append(spots[np.argmin(turn - outward * radius)])
    return _periodic(np.array(chosen), way)


def _periodic(points: np.ndarray, way: np.ndarray) -> np.ndarray:
    """Catmull-Rom through closed points (S, 2) at positions `way` (F,) in [0, 1); (F, 2)."""
    count = len(points)
    s = way * count
    k = np.floor(s).astype(int)
    u = (s - k)[:, None]
    p0, p1, p2, p3 = (points[(k + j) % count] for j in (-1, 0, 1, 2))
    return 0.5 * (
        2 * p1 + (p2 - p0) * u + (2 * p0 - 5 * p1 + 4 * p2 - p3) * u**2
        + (3 * p1 - p0 - 3 * p2 + p3) * u**3
    )  # fmt: skip
