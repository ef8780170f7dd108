import numpy as np
import pytest
import torch

from r1_training.synthetic.camera.packed_rooms import pack_rooms
from r1_training.synthetic.camera.raytracer import render, render_reference
from r1_training.synthetic.camera.trajectories import intrinsics, look_at
from r1_training.synthetic.rooms.elements import (
    BOX,
    CYLINDER,
    SPHERE,
    TUBE,
    Lights,
    Primitives,
    Room,
)
from r1_training.synthetic.rooms.room import make_room

HEIGHT, WIDTH = 48, 64


def one_shape(kind, size, taper=1.0, center=(0.0, 2.0, 0.0)):
    unit_from_map = np.zeros((1, 3, 4), np.float32)
    unit_from_map[0, :, :3] = np.diag(1 / np.array(size))
    unit_from_map[0, :, 3] = -np.array(center) / size
    one = np.ones(1, np.float32)
    primitives = Primitives(
        kind=np.array([kind], np.int32),
        unit_from_map=unit_from_map,
        size=np.array([size], np.float32),
        taper=one * taper,
        color=np.full((1, 3), 0.5, np.float32),
        color2=np.full((1, 3), 0.5, np.float32),
        texture=np.zeros(1, np.int32),
        texture_scale=one * 0.1,
        emissive=one * 0,
        gloss=one * 0,
        instance=np.ones(1, np.int32),
    )
    lights = Lights(
        np.zeros((0, 3), np.float32), np.zeros((0, 3), np.float32), np.ones(3, np.float32)
    )
    return Room(0, "test", "study", [], primitives, lights, np.ones(3) * 4, np.eye(4))


def views_of(rooms, views=2):
    packed = pack_rooms(rooms, views=views)
    K = intrinsics(packed.fov, HEIGHT, WIDTH)[:, None].expand(-1, views, -1, -1)
    return packed, K, packed.T_scene_camera


def straight(room):
    """A camera at the origin that looks along +y."""
    T = look_at(np.zeros((1, 3)), np.array([[0.0, 1.0, 0.0]]))
    K = intrinsics(torch.tensor([[1.0]]), HEIGHT + 1, WIDTH + 1)
    return pack_rooms([room]), K, torch.from_numpy(T)[None]


@pytest.mark.parametrize(
    ("kind", "taper", "expected"),
    [
        (BOX, 1.0, 1.5),
        (SPHERE, 1.0, 1.5),
        (CYLINDER, 1.0, 1.5),
        (TUBE, 1.0, 1.5),
        (CYLINDER, 0.5, 1.625),
    ],
)
def test_depth_and_normal_in_the_middle_of_the_image(kind, taper, expected):
    frames = render(
        *straight(one_shape(kind, (1.0, 1.0, 1.0), taper)), HEIGHT + 1, WIDTH + 1, normals=True
    )
    middle = (0, 0, HEIGHT // 2, WIDTH // 2)
    assert frames.depth[middle].item() == pytest.approx(expected, abs=1e-4)
    assert frames.instance[middle] == 1
    normal = frames.normals[middle]
    assert normal[1] < 0 and normal.norm() == pytest.approx(1.0, abs=1e-4)
    lean = 0.0 if taper == 1.0 else 0.2425  # slope 1/4 of the cone's side
    assert normal[2].item() == pytest.approx(lean, abs=1e-3)


def test_one_looks_into_a_tube_but_not_into_a_cylinder():
    eye, target = np.array([[0.0, 1.2, 1.6]]), np.array([[0.0, 2.0, 0.0]])
    depths = []
    for kind in (TUBE, CYLINDER):
        packed, K, _ = straight(one_shape(kind, (1.0, 1.0, 1.0)))
        T = torch.from_numpy(look_at(eye, target))[None]
        depths.append(render(packed, K, T, HEIGHT + 1, WIDTH + 1).depth.max().item())
    assert depths[0] > depths[1] + 0.3


def test_color_is_albedo_times_light():
    frames = render(*straight(one_shape(BOX, (1.0, 1.0, 1.0))), HEIGHT + 1, WIDTH + 1)
    middle = frames.color[0, 0, HEIGHT // 2, WIDTH // 2]
    assert middle.tolist() == pytest.approx([0.5 * 0.8 * 255] * 3, abs=1)
    assert frames.color[0, 0, 0, 0].tolist() == [0, 0, 0]
    assert frames.depth[0, 0, 0, 0] == 0 and frames.instance[0, 0, 0, 0] == -1


def assert_same_frames(a, b):
    same = a.instance == b.instance
    assert same.float().mean() > 0.999
    off = (a.depth - b.depth).abs()[same]
    # a GPU fuses products and sums: a ray that grazes a surface meets it a little elsewhere
    assert (off > 2e-3).float().mean() < 1e-4 and off.max() < 0.05
    assert ((a.color.int() - b.color.int()).abs().amax(-1) > 2).float().mean() < 0.003
    assert (a.strength - b.strength).abs().mean() < 1e-3
    assert ((a.normals - b.normals).abs().amax(-1) > 1e-2).float().mean() < 0.002


def test_the_fast_path_equals_the_reference_on_a_cpu():
    scene = views_of([make_room(seed) for seed in range(6)])
    assert_same_frames(
        render_reference(*scene, HEIGHT, WIDTH), render(*scene, HEIGHT, WIDTH, normals=True)
    )


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_the_fast_path_equals_the_reference_on_a_gpu():
    packed, K, T = views_of([make_room(seed) for seed in range(16)], views=4)
    scene = packed.to("cuda"), K.cuda(), T.cuda()
    reference = render_reference(*scene, HEIGHT, WIDTH)
    assert_same_frames(reference, render(*scene, HEIGHT, WIDTH, normals=True))
    again = render(*scene, HEIGHT, WIDTH)
    assert torch.equal(again.color, render(*scene, HEIGHT, WIDTH).color)


def test_equal_seeds_give_equal_pixels():
    scene = views_of([make_room(5), make_room(6)])
    a, b = render(*scene, HEIGHT, WIDTH), render(*scene, HEIGHT, WIDTH)
    assert torch.equal(a.color, b.color) and torch.equal(a.depth, b.depth)


def test_visible_surfaces_are_inside_of_their_boxes():
    for seed in range(5):
        room = make_room(seed, "val")
        packed, K, T = views_of([room], views=4)
        frames = render(packed, K, T, HEIGHT, WIDTH)
        v, y, x = (frames.instance[0] > 0).nonzero(as_tuple=True)
        depth = frames.depth[0, v, y, x].double()
        optical = torch.stack(
            [
                (x - K[0, v, 0, 2]) / K[0, v, 0, 0] * depth,
                (y - K[0, v, 1, 2]) / K[0, v, 1, 1] * depth,
                depth,
                torch.ones_like(depth),
            ],
            -1,
        )
        points = (T[0, v] @ optical[..., None]).squeeze(-1)[:, :3].numpy()
        owner = frames.instance[0, v, y, x].numpy()
        center = np.array([room.object(int(k)).center for k in owner])
        size = np.array([room.object(int(k)).size for k in owner])
        assert (np.abs(points - center) <= size / 2 + 2e-3).all()


def test_cameras_that_do_not_fit_the_rooms_are_refused():
    packed, K, T = views_of([make_room(0)])
    with pytest.raises(ValueError, match="expected K"):
        render(packed, K, T[:, :1], HEIGHT, WIDTH)
    with pytest.raises(ValueError, match="at least one room"):
        pack_rooms([])
