"""The rasteriser against Moeller and Trumbore's test of every triangle on every pixel."""

import math
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from r1_training.synthetic.camera.packed_rooms import pack_rooms
from r1_training.synthetic.camera.ray_math import NEAR, image_plane
from r1_training.synthetic.camera.raytracer import render
from r1_training.synthetic.camera.trajectories import intrinsics, look_at
from r1_training.synthetic.household.drawing.assets import assets_of, corner_normals, triangles_of
from r1_training.synthetic.household.drawing.rasteriser import (
    MissingPackError,
    camera_triangles,
    nearest,
    texel,
    triangle_depth,
)
from r1_training.synthetic.rooms.elements import Lights, MeshInstances, Room
from r1_training.synthetic.rooms.room import make_room
from tests.r1_training.synthetic.household.packs import cuboid, small_pack

HEIGHT, WIDTH = 36, 48


@pytest.fixture(scope="module")
def pack(tmp_path_factory):
    return small_pack(tmp_path_factory.mktemp("pack"))


def brute_force(corners, K, T, height, width):
    """Depth and row of the nearest triangle of every pixel, (H, W) each: inf and -1 for none."""
    x, y = image_plane(K, height, width)
    d = torch.stack(torch.broadcast_tensors(x, y, torch.ones(())), -1).reshape(-1, 1, 3).double()
    inside = ((corners.double() - T[:3, 3]) @ T[:3, :3])[None]
    a, b, c = inside.unbind(2)
    e1, e2 = b - a, c - a
    h = torch.linalg.cross(d.expand(-1, e2.shape[1], -1), e2.expand(len(d), -1, -1))
    det = (e1 * h).sum(-1)
    f = 1 / torch.where(det.abs() < 1e-15, 1e-15, det)
    u = f * (-a * h).sum(-1)
    q = torch.linalg.cross(-a, e1).expand(len(d), -1, -1)
    v = f * (d * q).sum(-1)
    t = f * (e2 * q).sum(-1)
    good = (u >= 0) & (v >= 0) & (u + v <= 1) & (t > NEAR) & (det.abs() > 1e-15)
    t = torch.where(good, t, math.inf)
    depth, row = t.min(1)
    row = torch.where(depth.isinf(), -1, row)
    return depth.view(height, width), row.view(height, width)


def soup(seed, count=200):
    rng = np.random.default_rng(seed)
    middle = rng.uniform((-2, 0.5, -1), (2, 5, 1), (count, 1, 3))
    size = rng.choice((0.03, 0.3, 1.5), (count, 1, 1))
    return torch.from_numpy((middle + rng.normal(0, 1, (count, 3, 3)) * size).astype(np.float32))


def straight(height=HEIGHT, width=WIDTH):
    T = torch.from_numpy(look_at(np.array([0.0, 0.0, 0.0]), np.array([0.3, 2.0, -0.2])))
    return intrinsics(torch.tensor(1.1), height, width), T


class Soup:
    """What `nearest` reads of `Triangles`."""

    def __init__(self, corners):
        self.corners, self.start = corners, torch.tensor([0, len(corners)])


@pytest.mark.parametrize("seed", range(6))
def test_depth_and_id_are_those_of_the_brute_force(seed):
    corners = soup(seed)
    K, T = straight()
    expected, row = brute_force(corners, K, T, HEIGHT, WIDTH)
    empty = torch.zeros(1, 1, HEIGHT, WIDTH)
    hit, depth = nearest(Soup(corners), K[None, None], T[None, None].float(), empty)
    hit, depth = hit[0, 0], depth[0, 0].double()
    same = hit == row
    assert (~same).float().mean() < 0.004  # a ray through an edge belongs to either side
    seen = same & (row >= 0)
    assert seen.float().mean() > 0.3
    assert ((depth - expected)[seen].abs() < 1e-4 * expected[seen].clamp_min(1)).all()


def test_a_triangle_that_crosses_the_image_plane_is_drawn():
    corners = torch.tensor([[[-1.0, -1.0, -0.5], [1.0, -1.0, -0.5], [0.0, 8.0, -0.5]]])
    K, T = straight()
    expected, row = brute_force(corners, K, T, HEIGHT, WIDTH)
    empty = torch.zeros(1, 1, HEIGHT, WIDTH)
    hit, depth = nearest(Soup(corners), K[None, None], T[None, None].float(), empty)
    assert torch.equal(hit[0, 0] >= 0, row >= 0) and (row >= 0).sum() > 100
    assert torch.allclose(depth[0, 0][row >= 0].double(), expected[row >= 0], atol=1e-4)


def test_what_is_nearer_stays():
    corners = soup(3)
    K, T = straight()
    near = torch.full((1, 1, HEIGHT, WIDTH), 0.2)
    hit, depth = nearest(Soup(corners), K[None, None], T[None, None].float(), near)
    assert (depth <= 0.2 + 1e-6).all() and (hit >= 0).float().mean() < 0.2


def test_rays_that_miss_have_no_depth():
    _, planes, det = camera_triangles(soup(0, 1), torch.eye(4))
    span = torch.tensor([[0.0, 9.0]])
    far = triangle_depth(planes, det, span, torch.tensor([1e4]), torch.tensor([1e4]))
    assert far.isinf().all()


def room_of(meshes, pack, place=(0.0, 2.0, -0.4)):
    """A room without primitives that count: meshes side by side before the camera."""
    count = len(meshes)
    one = np.ones(count, np.float32)
    size = np.array([(1, 1, 1) if m < 0 else pack.meshes[m].size for m in meshes], np.float32)
    affine = np.zeros((count, 3, 4), np.float32)
    affine[:, np.arange(3), np.arange(3)] = size
    affine[:, :, 3] = place
    affine[:, 0, 3] += np.arange(count) * 0.8
    instances = MeshInstances(
        mesh=np.array(meshes, np.int32),
        map_from_unit=affine,
        size=size,
        color=np.tile(np.float32((0.8, 0.1, 0.1)), (count, 1)),
        tile=np.full(count, -1, np.int32),
        scale=one,
        emissive=0 * one,
        gloss=0 * one,
        instance=np.arange(1, count + 1, dtype=np.int32),
    )
    base = make_room(0, "test", "bathroom")
    few = replace(base.primitives, **{k: v[:1] for k, v in vars(base.primitives).items()})
    unit = few.unit_from_map.copy()
    unit[:, 2, 3] += 1e4  # far below
    lights = Lights(np.zeros((0, 3), np.float32), np.zeros((0, 3), np.float32), np.ones(3, "f4"))
    return Room(
        *(0, "test", "study", [], replace(few, unit_from_map=unit), lights, np.ones(3) * 4),
        *(np.eye(4), instances),
    )


def test_rooms_of_meshes_need_their_pack(pack):
    packed = pack_rooms([room_of([0], pack)])
    K, T = straight()
    with pytest.raises(MissingPackError, match="pack"):
        render(packed, K[None, None], T[None, None], HEIGHT, WIDTH)


def test_ids_colours_and_normals_are_those_of_the_meshes(pack):
    apple, bear = pack.by_category["teddy bear"][0], pack.by_category["carton"][0]
    packed = pack_rooms([room_of([apple, bear], pack)])
    T = torch.from_numpy(look_at(np.array([0.4, 0.0, 0.2]), np.array([0.4, 2.0, -0.25])))
    K = intrinsics(torch.tensor(0.8), HEIGHT, WIDTH)
    frames = render(packed, K[None, None], T[None, None], HEIGHT, WIDTH, normals=True, pack=pack)
    assert set(frames.instance.unique().tolist()) == {-1, 1, 2}
    seen = frames.instance > 0
    assert (frames.color[seen][:, 0] > 3 * frames.color[seen][:, 1].clamp_min(1)).all()
    assert torch.allclose(frames.normals[seen].norm(dim=1), torch.ones(int(seen.sum())), atol=1e-4)
    front = frames.normals[seen][:, 1] < -0.9
    assert front.float().mean() > 0.5  # the boxes' fronts
    depth = frames.depth[seen][front]
    assert depth.min() > 1.7 and depth.max() < 2.1
    again = render(packed, K[None, None], T[None, None], HEIGHT, WIDTH, pack=pack)
    assert torch.equal(again.color, frames.color)


def test_a_box_of_structure_is_drawn(pack):
    packed = pack_rooms([room_of([-1], pack)])
    K, _ = straight()
    T = torch.from_numpy(look_at(np.zeros(3), np.array([0.0, 1.0, 0.0])))
    frames = render(packed, K[None, None], T[None, None], HEIGHT, WIDTH, pack=pack)
    assert frames.depth[frames.instance == 1].min() == pytest.approx(1.5, abs=1e-5)


def test_triangles_come_room_by_room(pack):
    rooms = [room_of([0, 1], pack), room_of([2], pack), room_of([-1], pack)]
    triangles = triangles_of(pack_rooms(rooms).instances, assets_of(pack, "cpu"))
    counts = [pack.meshes[k].faces[1] - pack.meshes[k].faces[0] for k in range(3)]
    assert triangles.start.tolist() == np.cumsum([0, counts[0] + counts[1], counts[2], 12]).tolist()
    low = triangles.corners[: triangles.start[1]].amin((0, 1))
    size = pack.meshes[0].size
    assert low[0].item() == pytest.approx(-size[0] / 2, abs=1e-4)


def test_normals_of_a_box_are_sharp_and_those_of_a_ball_are_smooth():
    vertices, faces = cuboid((0, 0, 0), (1, 1, 1))
    normals = corner_normals(vertices, faces)
    assert np.allclose(np.abs(normals).max(-1), 1)
    n = 24
    theta, phi = np.meshgrid(np.linspace(0, 2 * np.pi, n, False), np.linspace(0.1, 3.0, n))
    points = np.stack(
        (np.sin(phi) * np.cos(theta), np.sin(phi) * np.sin(theta), np.cos(phi)), -1
    ).reshape(-1, 3)
    k, right = np.arange(n * (n - 1)), np.arange(n * (n - 1))
    right = k - k % n + (k + 1) % n
    ball = np.concatenate((np.stack((k, k + n, right), 1), np.stack((right, k + n, right + n), 1)))
    cosine = np.abs((corner_normals(points, ball) * points[ball]).sum(-1))
    assert np.quantile(cosine, 0.02) > 0.99


def test_a_texture_keeps_its_mean_and_shows_its_pattern():
    tile = torch.full((1, 8, 8, 3), 64, dtype=torch.uint8)
    tile[:, :, 4:] = 192
    local = torch.tensor([[0.05, 0.2, 0.0], [0.15, 0.2, 0.0], [0.05, 0.2, 0.0]])
    found = texel(
        tile, torch.tensor([0, 0, -1]), torch.tensor([2, 2, 2]), local, torch.full((3,), 0.2)
    )
    assert found[:, 0].tolist() == [0.5, 1.5, 1.0]
    assert (
        texel(tile[:0], torch.tensor([0]), torch.tensor([2]), local[:1], torch.ones(1)).eq(1).all()
    )


def test_the_gpu_s_kernels_do_the_same_in_triton_s_interpreter():
    pytest.importorskip("triton", reason="the kernels are written in Triton")
    root = Path(__file__).resolve().parents[4]
    done = subprocess.run(
        [sys.executable, "-m", "tests.r1_training.synthetic.household.interpreted"],
        env={**os.environ, "TRITON_INTERPRET": "1", "PYTHONPATH": str(root)},
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    words = done.stdout.split()
    differ = dict(zip(words[::2], map(float, words[1::2]), strict=True))
    assert len(differ) == 6 and max(differ.values()) < 2e-3, differ


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_the_gpu_sees_what_the_cpu_sees(pack):
    packed = pack_rooms([room_of([0, 40, 90, -1], pack), room_of([5, 12], pack)])
    K, T = straight()
    K, T = K.expand(2, 1, 3, 3), T.expand(2, 1, 4, 4)
    cpu = render(packed, K, T, HEIGHT, WIDTH, normals=True, pack=pack)
    gpu = render(packed.to("cuda"), K.cuda(), T.cuda(), HEIGHT, WIDTH, normals=True, pack=pack)
    same = cpu.instance == gpu.instance.cpu()
    assert same.float().mean() > 0.999
    assert (cpu.depth - gpu.depth.cpu()).abs()[same].max() < 2e-3
    assert ((cpu.color.int() - gpu.color.cpu().int()).abs().amax(-1) > 3).float().mean() < 0.003
