"""Rooms of meshes: exact boxes and ids, what they must hold, and what is said about them."""

import re
from collections import Counter
from dataclasses import fields, replace

import numpy as np
import pytest
import torch

from r1_training.common.labels import MAX_OBJECTS, label_tables
from r1_training.synthetic.camera.observe import observe_batch
from r1_training.synthetic.camera.packed_rooms import pack_rooms
from r1_training.synthetic.household.builder import LEAST_BOX
from r1_training.synthetic.household.catalog import VOCABULARY
from r1_training.synthetic.household.colors import named_color, nearest_color
from r1_training.synthetic.household.rooms import (
    EXTENTS,
    RoomError,
    cropped,
    make_household_room,
)
from r1_training.synthetic.language import check_answer, fill_boxes, make_samples
from r1_training.synthetic.rooms.catalog import CATEGORIES
from r1_training.synthetic.rooms.palette import COLORS, sample_rgb
from r1_training.synthetic.rooms.rng import Dice
from tests.r1_training.synthetic.household.packs import small_pack
from tests.r1_training.synthetic.language import slow
from tests.r1_training.synthetic.language.rooms import bounds_of, boxes_of, visible_of

SEEDS = range(24)


@pytest.fixture(scope="module")
def pack(tmp_path_factory):
    return small_pack(tmp_path_factory.mktemp("pack"))


@pytest.fixture(scope="module")
def rooms(pack):
    return [make_household_room(seed, pack, ("train", "test")[seed % 2]) for seed in SEEDS]


@pytest.fixture(scope="module")
def whole(pack):
    return [make_household_room(seed, pack, extent="whole") for seed in range(16)]


def same(a, b):
    for name in ("primitives", "meshes"):
        x, y = getattr(a, name), getattr(b, name)
        for f in fields(x):
            left, right = getattr(x, f.name), getattr(y, f.name)
            if not np.array_equal(left, right, equal_nan=left.dtype.kind == "f"):
                return False
    return len(a.objects) == len(b.objects)


def test_equal_seeds_give_equal_rooms_and_splits_share_none(pack, rooms):
    again = make_household_room(3, pack, "test")
    assert same(again, rooms[3]) and again.map_yaw == rooms[3].map_yaw
    assert not same(make_household_room(3, pack, "val"), rooms[3])
    assert not same(make_household_room(5, pack, "test"), rooms[3])


@pytest.mark.parametrize(
    "wrong", [{"seed": -1}, {"split": "dev"}, {"room_type": "garage"}, {"extent": "half"}]
)
def test_bad_arguments_are_refused(pack, wrong):
    with pytest.raises(ValueError, match=str(next(iter(wrong.values())))):
        make_household_room(**({"seed": 0, "pack": pack} | wrong))


def test_a_pack_without_strange_things_makes_no_room(pack):
    poor = type(pack)(**{f.name: getattr(pack, f.name) for f in fields(pack)})
    poor.by_category.pop("unknown object")
    with pytest.raises(RoomError, match="train room 0 has"):
        make_household_room(0, poor)


def test_rooms_hold_what_they_must(whole):
    for room in whole:
        kinds = [VOCABULARY[o.category].kind for o in room.objects]
        small = sum(
            k == "small" and o.parent is not None for k, o in zip(kinds, room.objects, strict=True)
        )
        assert small >= 6
        assert sum(o.category == "unknown object" for o in room.objects) >= 3
        assert len(room.objects) <= MAX_OBJECTS
        meshes = set(room.meshes.instance.tolist())
        assert len(meshes) > 0.5 * len(room.objects)
    categories = {o.category for room in whole for o in room.objects}
    assert len(categories) > 90


def test_training_never_shows_a_held_out_mesh_and_tests_do(pack, rooms):
    shown = {"train": [], "test": []}
    for room in rooms:
        numbers = [m for m in room.meshes.mesh.tolist() if m >= 0]
        shown[room.split] += [pack.meshes[m].held_out for m in numbers]
    assert not any(shown["train"]) and all(shown["test"])
    assert any(o.held_out for room in rooms if room.split == "test" for o in room.objects)


def points_of(room, pack, id):
    for k in np.flatnonzero(room.meshes.instance == id):
        mesh = int(room.meshes.mesh[k])
        unit = pack.unit_vertices(mesh) if mesh >= 0 else pack.hull(-1)
        matrix = room.meshes.map_from_unit[k].astype(np.float64)
        yield unit @ matrix[:, :3].T + matrix[:, 3]


def test_boxes_are_those_of_all_vertices(pack, whole):
    checked = 0
    for room in whole:
        for thing in room.objects:
            points = list(points_of(room, pack, thing.id))
            if not points or (room.primitives.instance == thing.id).any():
                continue
            points = np.concatenate(points)
            middle, size = (points.min(0) + points.max(0)) / 2, np.ptp(points, 0)
            assert np.allclose(middle, thing.center, atol=1e-5)
            assert np.allclose(np.maximum(size, LEAST_BOX), thing.size, atol=1e-5)
            checked += 1
    assert checked > 100


def test_what_stands_on_something_touches_it(whole):
    for room in whole:
        for thing in room.objects:
            bottom = thing.center[2] - thing.size[2] / 2
            if thing.parent_relation == "floor":
                assert -0.011 < bottom < 0.03, (room.seed, thing.category, bottom)
            if thing.parent_relation in ("on", "in"):
                host = room.object(thing.parent)
                low, high = host.center - host.size / 2, host.center + host.size / 2
                assert low[2] - 0.01 <= bottom <= high[2] + 0.02, (room.seed, thing.category)


def test_pixels_of_an_object_lie_in_its_box(pack):
    for seed in (1, 4):
        room = replace(make_household_room(seed, pack, "test"), voxel=0.02)
        packed = pack_rooms([room], views=3)
        seen = observe_batch(
            *(packed, 0), views=3, keep_views=3, points=4000, noise=(0, 0), pack=pack
        )
        points, owner = seen["points"][0].numpy(), seen["instance"][0].numpy()
        count = 0
        for thing in room.objects:
            mine = points[owner == thing.id]
            # a voxel's mean may lie between two things
            assert (np.abs(mine - thing.center) <= thing.size / 2 + 0.021).all(), thing.category
            count += len(mine) > 0
        assert count >= 1
        again = observe_batch(
            *(packed, 0), views=3, keep_views=3, points=4000, noise=(0, 0), pack=pack
        )
        assert all(torch.equal(seen[k], again[k]) for k in seen)


@pytest.mark.parametrize("extent", EXTENTS)
def test_maps_of_a_part_of_a_room_end_where_they_end(pack, extent):
    room = make_household_room(2, pack, "test", extent=extent)
    seen = observe_batch(pack_rooms([room]), 0, points=3000, keep_views=1, views=6, pack=pack)
    points = seen["points"][0].numpy()
    if extent == "whole":
        assert room.crop is None
        return
    assert (points >= room.crop[0] - 0.05).all() and (points <= room.crop[1] + 0.05).all()
    for thing in room.objects:
        assert (thing.center - thing.size / 2 >= room.crop[0] - 1e-9).all()
        assert (thing.center + thing.size / 2 <= room.crop[1] + 1e-9).all()
        assert thing.id == room.objects.index(thing) + 1
        if thing.parent is not None:
            assert room.object(thing.parent) is not thing
    if extent == "table":
        assert any(o.parent is not None for o in room.objects)


def test_cropping_keeps_ids_parents_and_pixels_together(whole):
    room = whole[0]
    crop = np.array([[-20.0, -20.0, 0.3], [20.0, 20.0, 1.5]])
    part = cropped(room, crop)
    assert len(part.objects) < len(room.objects)
    old = {(o.category, *np.round(o.center[:2], 6)): o for o in room.objects}
    for thing in part.objects:
        before = old[(thing.category, *np.round(thing.center[:2], 6))]
        k = np.flatnonzero(room.meshes.instance == before.id)
        assert (part.meshes.instance[k] == thing.id).all()
        if thing.parent is not None:
            assert part.object(thing.parent).category == room.object(before.parent).category
    assert cropped(room, None) is room


def test_label_tables_know_every_category(rooms):
    tables = label_tables(rooms)
    names = list(VOCABULARY)
    for k, room in enumerate(rooms):
        for thing in room.objects:
            assert names[tables["category"][k, thing.id - 1]] == thing.category
    assert names[: len(CATEGORIES)] == list(CATEGORIES)


def test_colours_have_the_names_that_they_are_made_from():
    dice = Dice(np.random.default_rng(0))
    for name in COLORS:
        named = {named_color(sample_rgb(dice, name)) for _ in range(60)}
        assert named <= {name, None} and name in named
        assert nearest_color(sample_rgb(dice, name), tuple(COLORS)) is not None


@pytest.fixture(scope="module")
def samples(rooms):
    found = []
    for room in rooms:
        arguments = {"visible": visible_of(room), "count": 24, "split": room.split}
        for sample in make_samples(room, np.random.default_rng(room.seed), **arguments):
            found.append((room, sample))
    return found


def test_every_claim_about_rooms_of_meshes_holds(samples):
    checked = Counter()
    for room, sample in samples:
        claim = sample.answer_key.get("claim")
        if claim is not None:
            assert slow.claim_holds(claim, room, set(visible_of(room))), sample
            checked[claim[0]] += 1
    assert sum(checked.values()) > 100


def test_every_reference_in_rooms_of_meshes_means_one_thing(samples):
    for room, sample in samples:
        ref = sample.answer_key.get("ref")
        if ref is not None:
            assert slow.fits(ref, room, set(visible_of(room))) == [ref.id], sample


def test_the_true_answer_is_judged_right(samples):
    tasks = Counter()
    for room, sample in samples:
        boxes, bounds = boxes_of(room), bounds_of(room)
        text = fill_boxes(sample.raw, {**boxes, **sample.extra_boxes}, bounds)
        verdict = check_answer(sample, text, boxes, room, bounds)
        assert verdict["format"] and verdict["correct"], (sample, verdict)
        tasks[sample.task] += 1
    assert len(tasks) == 7


def test_no_shape_or_material_is_said_where_a_mesh_hides_it(samples):
    for room, sample in samples:
        ref = sample.answer_key.get("ref")
        if ref is not None and (ref.shape or ref.material):
            same_kind = [o for o in room.objects if o.category == ref.category]
            assert all(o.material for o in same_kind) or ref.material is None
        assert not re.search(r"\bNone\b", sample.question + sample.answer)
