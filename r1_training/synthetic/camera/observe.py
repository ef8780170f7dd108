"""From a room to what a mapper would hand over: a fused cloud with keyframes, and what is visible.

Everything is sorted and summed in integers, so the same seed gives the same cloud on a device.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from r1_model.geometry.torch_projection import pixel_slopes
from r1_model.scene.scene import Scene, View
from r1_training.synthetic.camera.packed_rooms import PackedRooms, pack_rooms
from r1_training.synthetic.camera.raytracer import render
from r1_training.synthetic.camera.rendered_frames import Frames
from r1_training.synthetic.camera.sensor import (
    apply_sensor,
    noisy_color,
    noisy_poses,
    sample_levels,
)
from r1_training.synthetic.camera.trajectories import intrinsics
from r1_training.synthetic.camera.view_sets import (
    HARDLY,
    PRINT,
    Prints,
    drawn_views,
    even_views,
    object_pixels,
    read_prints,
    with_prints,
)
from r1_training.synthetic.household.pack import MeshPack
from r1_training.synthetic.household.sensors import other_sensors, without_color
from r1_training.synthetic.rooms.elements import Room

VOXEL = 0.02  # metres
_BITS_XY, _BITS_Z = 10, 8
_REACH_XY = VOXEL * 2 ** (_BITS_XY - 1)  # voxel keys cover +-10.24 m around the origin
_BELOW = 0.64  # and from 0.64 m below the floor to 4.48 m above it
_FINE = 1024  # steps a voxel for the mean position


def back_project(
    depth: torch.Tensor, K: torch.Tensor, T_scene_camera: torch.Tensor
) -> torch.Tensor:
    """Points (..., H, W, 3) float32 in the scene frame, metres.

    Args:
        depth: (..., H, W) metres; K: (..., 3, 3); T_scene_camera: (..., 4, 4).
    """
    T = T_scene_camera.float()
    x, y = pixel_slopes(K, *depth.shape[-2:])
    columns = [T[..., None, None, :3, k] for k in range(4)]
    ray = x[..., None, :, None] * columns[0] + y[..., :, None, None] * columns[1] + columns[2]
    return ray * depth[..., None] + columns[3]


def fuse(
    points: torch.Tensor,
    colors: torch.Tensor,
    instance: torch.Tensor,
    valid: torch.Tensor,
    count: int,
    generator: torch.Generator,
    voxels: torch.Tensor | None = None,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """One point a voxel of 2 cm, and `count` of them by chance.

    Args:
        points: (B, M, 3) float32, metres; colors: (B, M, 3) uint8; instance: (B, M) int16;
        valid: (B, M) bool; voxels: (B,) metres, at least 1 cm, in place of 2 cm.

    Returns:
        points (B, count, 3) float32, mean of the voxel; colors (B, count, 3) uint8, mean;
        instance (B, count) int16, of the voxel's middle sample. A cloud with fewer voxels repeats
        them; a room without any is zeros with instance -1.
    """
    batch, samples = valid.shape
    device = points.device
    low = torch.tensor([-_REACH_XY, -_REACH_XY, -_BELOW], device=device)
    more = 0 if voxels is None else 1  # bits a direction: voxels of 1 cm are twice as many
    voxel = VOXEL if voxels is None else voxels[:, None, None]
    scaled = (points - low) / voxel
    cell = scaled.floor()
    bits_xy, bits_z = _BITS_XY + more, _BITS_Z + more
    top = torch.tensor([2**bits_xy, 2**bits_xy, 2**bits_z], device=device)
    valid = valid & (cell >= 0).all(-1) & (cell < top).all(-1)
    where = valid.flatten().nonzero().squeeze(1)
    cell = cell.flatten(0, 1)[where].long()
    room = where // samples
    key = ((room << bits_xy | cell[:, 0]) << bits_xy | cell[:, 1]) << bits_z | cell[:, 2]
    key, order = torch.sort(key, stable=True)
    first = torch.ones_like(key, dtype=torch.bool)
    first[1:] = key[1:] != key[:-1]
    start = first.nonzero().squeeze(1)
    segment = torch.cumsum(first, 0) - 1
    sizes = torch.diff(start, append=start.new_tensor([len(key)]))
    source = where[order]
    fine = ((scaled.flatten(0, 1)[source] - cell[order]) * _FINE).int()
    values = torch.cat([fine, colors.flatten(0, 1)[source].int()], 1)
    sums = torch.zeros(len(start), 6, dtype=torch.int32, device=device)
    mean = sums.index_add_(0, segment, values).double() / sizes[:, None]
    edge = VOXEL if voxels is None else voxels[room[order[start]], None]
    position = low + (cell[order[start]] + mean[:, :3] / _FINE) * edge
    color = (mean[:, 3:] + 0.5).to(torch.uint8)
    middle = instance.flatten()[source[start + sizes // 2]]
    # a random order within each room, then the first `count` of each
    owner = room[order[start]]
    draw = torch.randint(0, 2**31, (len(start),), device=device, generator=generator)
    shuffled = torch.argsort(owner << 31 | draw, stable=True)
    have = torch.bincount(owner, minlength=batch)
    begin = torch.cumsum(have, 0) - have
    pick = torch.arange(count, device=device) % have.clamp_min(1)[:, None] + begin[:, None]
    none = (have == 0)[:, None]
    if len(start) == 0:
        empty = torch.zeros(batch, count, 3, device=device)
        return empty, empty.to(torch.uint8), torch.full_like(empty[..., 0], -1).to(torch.int16)
    pick = shuffled[pick.clamp_max(len(start) - 1)]
    return (
        torch.where(none[..., None], 0.0, position[pick].float()),
        torch.where(none[..., None], 0, color[pick]),
        torch.where(none, -1, middle[pick]),
    )


def observe_batch(
    packed: PackedRooms,
    seed: int,
    *,
    views: int = 12,
    height: int = 120,
    width: int = 160,
    points: int = 32768,
    keep_views: int = 6,
    view_size: tuple[int, int] | None = None,
    noise: tuple[float, float] = (0.0, 1.0),
    device: str | torch.device = "cpu",
    pack: MeshPack | None = None,
    draw_views: bool = False,
) -> dict[str, torch.Tensor]:
    """Scan B rooms and fuse what was seen.

    Args:
        packed: from `pack_rooms`; its first `views` cameras are used.
        seed: of sensor noise and subsampling; equal seeds give equal results on a device.
        height, width: of the views, pixels.
        view_size: (height, width) of the colour of the kept views; as the others by default. A
            camera's colour is finer than what a cloud keeps of it.
        noise: range of sensor levels (`sensor.sample_levels`); (0, 0) is a perfect sensor.
        pack: of rooms of meshes.
        draw_views: keep views as `view_sets.drawn_views` has it, not evenly spaced ones.

    Returns:
        points (B, N, 3) float32, metres; colors (B, N, 3) uint8; instance (B, N) int16 (0 is
        structure); object_points (B, O) int32, points of object k + 1 in the cloud;
        view_color (B, v, H, W, 3) uint8, of `view_size`; view_depth (B, v, H, W) float32, 0 where
        lost; view_instance (B, v, H, W) int16; view_K (B, v, 3, 3) float32, of the depth; view_T
        (B, v, 4, 4) float32, T_scene_camera as localised, for v = keep_views views, in the order
        of the scan;
        view_pixels (B, O) int32, about how many pixels of them show object k + 1; readable (B, O)
        bool, its print can be read in one of them; unread (B, O) bool, none of them shows a print
        of it.

    Raises:
        ValueError: more views asked for than the rooms have cameras.
    """
    available = packed.T_scene_camera.shape[1]
    if not 1 <= keep_views <= views <= available:
        raise ValueError(
            f"need 1 <= keep_views <= views <= {available}, got {keep_views} and {views}"
        )
    packed = packed.to(device)
    generator = torch.Generator(device).manual_seed(seed)
    T = packed.T_scene_camera[:, :views].float()
    K = intrinsics(packed.fov, height, width)[:, None].expand(-1, views, -1, -1)
    finer = 1.0 if view_size is None else view_size[1] / width
    frames, prints = rendered(packed, K, T, height, width, pack, finer)
    level = sample_levels(len(packed), generator, *noise)
    color, depth, instance = apply_sensor(frames, level, generator)
    cloud_color = color
    if packed.sensors is not None:
        scan = frames.depth, frames.strength, packed.sensors, K, level
        depth = other_sensors(depth, *scan, generator)
        cloud_color = without_color(color, packed.sensors)
    believed = noisy_poses(T, level, generator)
    points_seen = back_project(depth, K, believed).flatten(1, 3)
    valid = (depth > 0).flatten(1, 3)
    if packed.crops is not None:  # the map covers a part of the room
        low, high = packed.crops[:, None].unbind(2)
        valid &= ((points_seen >= low) & (points_seen <= high)).all(-1)
    cloud = fuse(
        points_seen,
        cloud_color.flatten(1, 3),
        instance.flatten(1, 3),
        valid,
        points,
        generator,
        packed.voxels,
    )
    objects = packed.objects
    seen = torch.zeros(len(packed), objects + 2, dtype=torch.int32, device=depth.device)
    seen.scatter_add_(1, cloud[2].long() + 1, torch.ones_like(cloud[2], dtype=torch.int32))
    pixels = object_pixels(instance, objects)
    if draw_views:
        keep = drawn_views(pixels, prints, keep_views, generator)
    else:
        keep = even_views(len(packed), views, keep_views, depth.device)
    row = torch.arange(len(packed), device=depth.device)[:, None]
    if prints is None:
        readable = torch.zeros_like(seen[:, 2:], dtype=torch.bool)
        unread = ~readable
    else:
        readable = prints.readable[row, keep].any(1)
        unread = prints.seen[row, keep].amax(1) < HARDLY
    kept_color = color[row, keep]
    if view_size is not None:
        fine = intrinsics(packed.fov, *view_size)[:, None].expand(-1, keep_views, -1, -1)
        fine_color = render(packed, fine, T[row, keep], *view_size, pack=pack).color
        kept_color = noisy_color(fine_color, level, generator)
    return {
        "points": cloud[0],
        "colors": cloud[1],
        "instance": cloud[2],
        "object_points": seen[:, 2:],
        "view_color": kept_color,
        "view_depth": depth[row, keep],
        "view_instance": instance[row, keep],
        "view_K": K[row, keep],
        "view_T": believed[row, keep],
        "view_pixels": pixels[row, keep].sum(1, dtype=torch.int32),
        "readable": readable,
        "unread": unread,
    }


def rendered(
    packed: PackedRooms,
    K: torch.Tensor,
    T: torch.Tensor,
    height: int,
    width: int,
    pack: MeshPack | None,
    finer: float,
) -> tuple[Frames, Prints | None]:
    """Frames, and what is printed where in views of so many times as many pixels a direction;
    None without meshes.
    """
    if packed.instances is None or pack is None:
        return render(packed, K, T, height, width, pack=pack), None
    first = len(pack.textures)
    marked = replace(packed, instances=with_prints(packed.instances, first))
    frames = render(marked, K, T, height, width, pack=pack)
    prints = read_prints(packed, frames.instance, K, T, first, finer)
    printed = frames.instance >= PRINT
    plain = torch.where(printed, frames.instance % PRINT, frames.instance)
    return replace(frames, instance=plain), prints


def room_to_scene(
    room: Room,
    seed: int = 0,
    *,
    views: int = 24,
    height: int = 120,
    width: int = 160,
    points: int = 40_000,
    keep_views: int = 12,
    noise: tuple[float, float] = (0.0, 1.0),
    partial: float = 0.25,
) -> tuple[Scene, dict[int, int]]:
    """One scan of a room as a `Scene`, on the CPU.

    Args:
        partial: the probability that the room is scanned from one side only; 0 for examples.

    The others are those of `observe_batch`.

    Returns:
        the scene (frame map) and, for every object id, how many of its points the cloud has.
    """
    seen = observe_batch(
        pack_rooms([room], views=views, partial=partial),
        seed,
        views=views,
        height=height,
        width=width,
        points=points,
        keep_views=keep_views,
        noise=noise,
    )
    scene = scene_of(seen)
    counts = seen["object_points"][0].tolist()
    return scene, {item.id: counts[item.id - 1] for item in room.objects}


def scene_of(seen: dict[str, torch.Tensor], row: int = 0) -> Scene:
    """One room of `observe_batch` as a `Scene`, on the CPU."""
    seen = {name: values[row].cpu() for name, values in seen.items()}
    kept = [
        View(
            color=color.numpy(),
            depth=depth.numpy(),
            K=K.double().numpy(),
            T_scene_camera=T.double().numpy(),
            stamp=k * 500_000_000,
            id=k,
            frame_id="camera_optical_frame",
        )
        for k, (color, depth, K, T) in enumerate(
            zip(*(seen[f"view_{name}"] for name in ("color", "depth", "K", "T")), strict=True)
        )
    ]
    return Scene(
        points=np.ascontiguousarray(seen["points"].numpy()),
        colors=np.ascontiguousarray(seen["colors"].numpy()),
        views=kept,
        stamp=kept[-1].stamp,
    )
