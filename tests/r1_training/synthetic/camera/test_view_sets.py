"""Which views are kept, and what can be read in them."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from r1_training.synthetic.camera.observe import observe_batch
from r1_training.synthetic.camera.packed_rooms import pack_rooms
from r1_training.synthetic.camera.trajectories import look_at
from r1_training.synthetic.camera.view_sets import Prints, drawn_views, even_views
from r1_training.synthetic.household.rooms import make_household_room
from r1_training.synthetic.rooms.room import make_room
from tests.r1_training.synthetic.household.packs import small_pack


@pytest.fixture(scope="module")
def pack(tmp_path_factory):
    return small_pack(tmp_path_factory.mktemp("pack"))


@pytest.fixture(scope="module")
def pictured(pack):
    """A room with a picture that shows something, the picture, and where it faces."""
    for seed in range(30):
        room = make_household_room(seed, pack, extent="whole")
        for thing in room.objects:
            rows = np.flatnonzero(room.meshes.instance == thing.id)
            if thing.category == "picture" and thing.motif and len(rows) == 1:
                front = -room.meshes.map_from_unit[rows[0], :, 1].astype(float)
                return room, thing, front / np.linalg.norm(front)
    raise AssertionError("no picture in 30 rooms")


def looks(pack, room, thing, eyes, **options):
    packed = pack_rooms([room], views=len(eyes))
    T = np.stack([look_at(np.array(eye), thing.center.copy()) for eye in eyes])
    packed = replace(packed, T_scene_camera=torch.from_numpy(T)[None])
    return observe_batch(
        *(packed, 0), views=len(eyes), points=500, noise=(0, 0), pack=pack,
        **({"keep_views": len(eyes)} | options),
    )  # fmt: skip


def test_a_print_is_read_from_before_and_near_only(pack, pictured):
    room, thing, front = pictured
    side = np.cross(front, [0.0, 0.0, 1.0])
    cases = {
        "near": (thing.center + front * 1.2, True, False),
        "far": (thing.center + front * 30.0, False, None),
        "from the side": (thing.center + front * 0.05 + side * 2.0, False, None),
        "from behind": (thing.center - front * 1.2, False, None),
    }
    for name, (eye, readable, unread) in cases.items():
        seen = looks(pack, room, thing, [eye])
        assert bool(seen["readable"][0, thing.id - 1]) is readable, name
        if unread is not None:
            assert bool(seen["unread"][0, thing.id - 1]) is unread, name


def test_what_is_out_of_the_picture_is_neither_seen_nor_read(pack, pictured):
    room, thing, front = pictured
    away = replace(thing, center=thing.center + front * 3.0)  # look into the room
    seen = looks(pack, room, away, [thing.center + front * 1.2])
    assert not seen["readable"][0, thing.id - 1] and seen["unread"][0, thing.id - 1]
    # the ids are those of objects in every output
    for name in ("view_instance", "instance"):
        assert seen[name].max() <= len(room.objects)


def test_of_many_views_those_are_kept_that_show_something(pack, pictured):
    room, thing, front = pictured
    eyes = [
        thing.center + front * (1.2 if k == 5 else 1.0) * (1 if k == 5 else -1) for k in range(8)
    ]
    kept = [
        bool(observe_with(pack, room, thing, eyes, seed)["readable"][0, thing.id - 1])
        for seed in range(24)
    ]
    assert sum(kept) > 12  # two of eight at random would be six of 24


def observe_with(pack, room, thing, eyes, seed):
    packed = pack_rooms([room], views=len(eyes))
    T = np.stack([look_at(np.array(eye), thing.center.copy()) for eye in eyes])
    packed = replace(packed, T_scene_camera=torch.from_numpy(T)[None])
    return observe_batch(
        *(packed, seed), views=len(eyes), height=60, width=80, points=200, noise=(0, 0), pack=pack,
        keep_views=2, draw_views=True,
    )  # fmt: skip


def test_drawn_views_differ_are_sorted_and_follow_the_seed():
    pixels = torch.zeros(200, 12, 5, dtype=torch.int32)

    def draw(seed):
        return drawn_views(pixels, None, 6, torch.Generator().manual_seed(seed))

    views = draw(0)
    assert torch.equal(views, draw(0)) and not torch.equal(views, draw(1))
    assert views.shape == (200, 6) and (views.diff(dim=1) > 0).all()
    shares = torch.bincount(views.flatten(), minlength=12) / 200
    assert (shares > 0.3).all() and (shares < 0.85).all()
    even = even_views(200, 12, 6, torch.device("cpu"))
    assert 20 < (views == even).all(1).sum() < 80


def test_the_best_view_of_a_print_is_kept_more_often():
    pixels = torch.full((400, 12, 3), 50, dtype=torch.int32)
    readable = torch.zeros(400, 12, 3, dtype=torch.bool)
    readable[:, 7, 1] = True
    prints = Prints(readable, pixels)
    views = drawn_views(pixels, prints, 3, torch.Generator().manual_seed(0))
    assert 0.45 < (views == 7).any(1).float().mean() < 0.85
    others = drawn_views(pixels, None, 3, torch.Generator().manual_seed(0))
    assert (others == 7).any(1).float().mean() < 0.4


def test_rooms_of_primitives_bear_no_prints():
    seen = observe_batch(
        pack_rooms([make_room(0)], views=3), 0, views=3, height=30, width=40, points=500,
        keep_views=2, draw_views=True,
    )  # fmt: skip
    assert not seen["readable"].any() and seen["unread"].all()
    assert seen["view_color"].shape[:2] == (1, 2)
    assert seen["view_pixels"].shape == seen["object_points"].shape
    shown = torch.bincount(seen["view_instance"].flatten().long().clamp_min(0), minlength=99)
    about = seen["view_pixels"][0]
    large = shown[1 : len(about) + 1] > 150
    assert large.any() and (about[large] > 0).all()
