"""What is printed on things: the tiles, where they go, what is asked about them."""

from collections import Counter

import numpy as np
import pytest
import torch

from r1_training.synthetic.camera.packed_rooms import pack_rooms
from r1_training.synthetic.camera.raytracer import render
from r1_training.synthetic.camera.trajectories import intrinsics, look_at
from r1_training.synthetic.household.motifs import MOTIFS, is_digit, motif_tile, motif_tiles
from r1_training.synthetic.household.rooms import make_household_room
from r1_training.synthetic.language import check_answer, make_samples
from tests.r1_training.synthetic.household.packs import small_pack
from tests.r1_training.synthetic.language import slow
from tests.r1_training.synthetic.language.rooms import bounds_of, boxes_of, visible_of


@pytest.fixture(scope="module")
def pack(tmp_path_factory):
    return small_pack(tmp_path_factory.mktemp("pack"))


@pytest.fixture(scope="module")
def rooms(pack):
    return [make_household_room(seed, pack, "test", extent="whole") for seed in range(30)]


def test_motifs_differ_and_lie_in_the_middle_once_they_are_shown():
    tiles = motif_tiles()
    assert len(tiles) == 2 * len(MOTIFS)
    fronts = np.roll(tiles[::2], -tiles.shape[1] // 2, 2)
    tops = np.roll(tiles[1::2], (-(tiles.shape[1] // 2),) * 2, (1, 2))
    assert np.array_equal(fronts, tops)
    assert (fronts[:, 8:56, 8:56].min((1, 2)) < 60).all()  # ink
    assert (fronts[:, 4:8, 4:8] > 110).all()  # paper
    flat = fronts[..., 0].reshape(len(MOTIFS), -1).astype(float)
    apart = np.abs(flat[:, None] - flat[None]).mean(2)
    assert (apart[~np.eye(len(MOTIFS), dtype=bool)] > 3).all()
    assert is_digit("7") and not is_digit("star")


def test_a_picture_shows_its_motif_upright_to_who_stands_before_it(pack, rooms):
    room, picture = next(
        (room, thing)
        for room in rooms
        for thing in room.objects
        if thing.category == "picture" and thing.motif
    )
    k = int(np.flatnonzero(room.meshes.instance == picture.id)[0])
    size = float(room.meshes.size[k, 0])
    ahead = -room.meshes.map_from_unit[k, :, 1].astype(float)
    ahead /= np.linalg.norm(ahead)
    eye = picture.center + ahead * 1.2 * size
    T = torch.from_numpy(look_at(eye, picture.center.copy()))[None, None]
    edge = 64
    fov = 2 * np.arctan(0.5 / (1.2 - 0.015 / size))
    K = intrinsics(torch.tensor([[fov]]), edge, edge)
    frames = render(pack_rooms([room]), K, T, edge, edge, pack=pack)
    assert (frames.instance[0, 0, 8:-8, 8:-8] == picture.id).float().mean() > 0.95
    seen = frames.color[0, 0].float().mean(-1).numpy()
    wanted = np.roll(motif_tiles()[motif_tile(picture.motif, top=False)], -32, 1)[..., 0]
    best = {
        motif: np.corrcoef(
            seen[6:-6, 6:-6].ravel(),
            np.roll(motif_tiles()[motif_tile(motif, top=False)], -32, 1)[6:-6, 6:-6, 0].ravel(),
        )[0, 1]
        for motif in MOTIFS
    }
    assert max(best, key=best.get) == picture.motif and wanted.shape == seen.shape


def test_things_are_labelled_in_a_share_of_rooms(rooms):
    labelled = Counter(o.category for room in rooms for o in room.objects if o.motif)
    assert labelled["picture"] > 5 and len(labelled) >= 4
    assert {o.motif for room in rooms for o in room.objects} - {""} <= set(MOTIFS)


def test_what_is_printed_is_asked_and_told(rooms):
    kinds, languages = Counter(), Counter()
    for room in rooms:
        rng = np.random.default_rng(room.seed)
        visible = visible_of(room)
        for sample in make_samples(room, rng, visible=visible, count=40, tasks=["qa", "grounding"]):
            if sample.kind not in ("motif", "number", "find_motif", "find_number"):
                continue
            kinds[sample.kind] += 1
            languages[sample.language] += 1
            if sample.task == "qa":
                _, id, motif = sample.answer_key["claim"]
                assert slow.claim_holds(sample.answer_key["claim"], room, set(visible))
                column = ("en", "zh-Hant", "zh-Hans").index(sample.language)
                assert MOTIFS[motif][column] in sample.answer
                assert slow.fits(sample.answer_key["ref"], room, set(visible)) == [id]
            else:
                [id] = sample.answer_key["value"]
                motif = room.object(id).motif
                alike = [o for o in room.objects if o.category == room.object(id).category]
                assert [o.motif for o in alike].count(motif) == 1
    assert len(kinds) == 4 and len(languages) == 3


def pictured(rooms, **options):
    for room in rooms:
        rng = np.random.default_rng(room.seed)
        for sample in make_samples(room, rng, visible=visible_of(room), count=40, **options):
            if sample.reads or sample.kind == "unread":
                yield room, sample


def test_questions_about_prints_say_what_they_need_of_the_views(rooms):
    kinds = Counter()
    for room, sample in pictured(rooms, tasks=["qa", "grounding"]):
        kinds[sample.kind] += 1
        if sample.kind == "unread":
            id = sample.answer_key["ref"].id
            assert sample.unread == ((id,) if room.object(id).motif else ())
            verdict = check_answer(sample, sample.raw, boxes_of(room), room, bounds_of(room))
            assert verdict["correct"]
            if sample.unread:
                told = MOTIFS[room.object(id).motif]
                assert not any(word in sample.answer for word in told)
        else:
            [id] = sample.reads
            assert room.object(id).motif and id in sample.objects and not sample.unread
    assert set(kinds) == {"motif", "number", "find_motif", "find_number", "unread"}
    assert kinds["unread"] < kinds["motif"] + kinds["number"]


def test_where_the_views_are_known_only_what_they_show_is_read(rooms):
    for room in rooms[:12]:
        printed = [thing.id for thing in room.objects if thing.motif]
        readable = {id: k % 3 == 0 for k, id in enumerate(printed) if k % 3 < 2}
        for _, sample in pictured([room], readable=readable):
            assert all(readable.get(id) is True for id in sample.reads)
            assert all(readable.get(id) is False for id in sample.unread)
