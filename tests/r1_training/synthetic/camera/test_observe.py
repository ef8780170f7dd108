import numpy as np
import pytest
import torch

from r1_training.synthetic.camera.observe import VOXEL, fuse, observe_batch, room_to_scene
from r1_training.synthetic.camera.packed_rooms import pack_rooms
from r1_training.synthetic.rooms.room import make_room

SMALL = {"views": 4, "height": 60, "width": 80, "points": 4096, "keep_views": 2}


@pytest.fixture(scope="module")
def rooms():
    return [make_room(seed) for seed in (2, 3, 7)]


@pytest.fixture(scope="module")
def seen(rooms):
    return observe_batch(pack_rooms(rooms, views=4), 1, **SMALL)


def test_fuse_takes_one_mean_point_per_voxel():
    rng = np.random.default_rng(0)
    points = torch.from_numpy(rng.uniform(-0.1, 0.1, (2, 3000, 3)).astype(np.float32))
    colors = torch.from_numpy(rng.integers(0, 256, (2, 3000, 3)).astype(np.uint8))
    instance = torch.zeros(2, 3000, dtype=torch.int16)
    valid = torch.from_numpy(rng.random((2, 3000)) < 0.8)
    cells = [np.floor((points[b][valid[b]].numpy() + 10.24) / VOXEL).astype(int) for b in (0, 1)]
    count = [len(np.unique(c, axis=0)) for c in cells]
    out, color, _ = fuse(points, colors, instance, valid, max(count), torch.Generator())
    for b in (0, 1):
        unique = np.unique(out[b].numpy(), axis=0)
        assert len(unique) == count[b]
        # every voxel's mean, computed the slow way
        keys, inverse = np.unique(cells[b], axis=0, return_inverse=True)
        kept = points[b][valid[b]].numpy()
        means = np.array([kept[inverse.ravel() == k].mean(0) for k in range(len(keys))])
        nearest = np.linalg.norm(out[b].numpy()[:, None] - means[None], axis=-1).min(1)
        assert nearest.max() < 1e-4
        assert abs(color[b].float().mean().item() - 127) < 12


def test_a_room_where_nothing_was_measured_gives_marked_zeros():
    points, colors = torch.rand(2, 10, 3), torch.zeros(2, 10, 3, dtype=torch.uint8)
    instance = torch.ones(2, 10, dtype=torch.int16)
    for valid in (torch.zeros(2, 10, dtype=torch.bool), torch.tensor([[False] * 10, [True] * 10])):
        out, _, owner = fuse(points, colors, instance, valid, 16, torch.Generator())
        assert (out[0] == 0).all() and (owner[0] == -1).all()
    assert (owner[1] == 1).all()


def test_shapes_and_counts(rooms, seen):
    assert seen["points"].shape == (3, 4096, 3) and seen["points"].dtype == torch.float32
    assert seen["colors"].dtype == torch.uint8 and seen["instance"].dtype == torch.int16
    assert seen["view_color"].shape == (3, 2, 60, 80, 3)
    assert seen["view_depth"].shape == seen["view_instance"].shape == (3, 2, 60, 80)
    assert seen["view_K"].shape == (3, 2, 3, 3) and seen["view_T"].shape == (3, 2, 4, 4)
    for b, room in enumerate(rooms):
        for item in room.objects:
            expected = (seen["instance"][b] == item.id).sum()
            assert seen["object_points"][b, item.id - 1] == expected


def test_points_lie_on_the_objects_that_they_name(rooms, seen):
    for b, room in enumerate(rooms):
        for item in room.objects:
            points = seen["points"][b][seen["instance"][b] == item.id].numpy()
            away = np.abs(points - item.center) - item.size / 2
            assert len(points) == 0 or np.percentile(away.max(1), 90) < 0.08


def test_equal_seeds_give_equal_observations(rooms, seen):
    packed = pack_rooms(rooms, views=4)
    again, other = (observe_batch(packed, seed, **SMALL) for seed in (1, 2))
    assert all(torch.equal(seen[key], again[key]) for key in seen)
    assert not torch.equal(seen["points"], other["points"])


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_equal_seeds_give_equal_observations_on_a_gpu(rooms):
    packed = pack_rooms(rooms * 8, views=4)
    a, b = (observe_batch(packed, 1, **SMALL, device="cuda") for _ in range(2))
    assert all(torch.equal(a[key], b[key]) for key in a)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_perfect_sensor_sees_the_same_on_both_devices(rooms):
    packed = pack_rooms(rooms, views=4)
    a, b = (observe_batch(packed, 1, **SMALL, noise=(0, 0), device=d) for d in ("cpu", "cuda"))
    difference = (a["view_depth"] - b["view_depth"].cpu()).abs()
    assert (difference > 1e-2).float().mean() < 1e-3


def test_asking_for_more_views_than_there_are_is_refused(rooms):
    with pytest.raises(ValueError, match="views"):
        observe_batch(pack_rooms(rooms, views=2), 1, views=3)


def test_closed_cupboards_hide_what_is_in_them():
    hidden = 0
    for seed in range(20):
        room = make_room(seed, "train", "kitchen")
        _, counts = room_to_scene(room, views=6, height=60, width=80, points=8000, keep_views=2)
        for item in room.objects:
            if item.parent_relation == "in" and item.category in ("mug", "cup"):
                host = room.object(item.parent)
                if host.states.get("opening") == "closed":
                    hidden += 1
                    assert counts[item.id] == 0
    assert hidden >= 3


def test_room_to_scene_makes_a_valid_scene(rooms):
    scene, counts = room_to_scene(rooms[0], points=5000, views=6, height=60, width=80, keep_views=3)
    assert scene.points.shape == (5000, 3) and len(scene.views) == 3
    assert set(counts) == {item.id for item in rooms[0].objects}
    low, high = scene.bounds()
    assert (high - low > 1.0).all()
