"""No scene of ScanNet's validation or test list reaches training, through any reader."""

import pytest

from r1_training.datasets.cap3d import read_cap3d
from r1_training.datasets.errors import BadRowError, FileFormatError, RowError, SplitError
from r1_training.datasets.multi3drefer import read_multi3drefer
from r1_training.datasets.nr3d import read_nr3d_csv, read_nr3d_json
from r1_training.datasets.openeqa import read_openeqa
from r1_training.datasets.rows import RowReport
from r1_training.datasets.scannet.splits import (
    hold_out,
    may_train_on,
    official_split,
    read_hold_out,
    scannet_val_scenes,
)
from r1_training.datasets.scanqa import read_scanqa
from r1_training.datasets.scanrefer import read_scanrefer
from r1_training.datasets.scene30k import read_scene30k, read_scene_captions
from r1_training.datasets.sqa3d import read_sqa3d
from r1_training.datasets.threedllm import read_threedllm
from tests.r1_training import annotation_fixture as fixture

SCENES = [fixture.TRAIN, fixture.VAL, fixture.TEST, "scene0000_01", "scene0474_05"]


def scanqa(folder, split, **options):
    rows = [fixture.scanqa_row(scene) for scene in SCENES]
    return read_scanqa(fixture.write_json(folder / "scanqa.json", rows), split, **options)


def sqa3d(folder, split, **options):
    return read_sqa3d(*fixture.write_sqa3d(folder, SCENES), split, **options)


def scanrefer(folder, split, **options):
    rows = [fixture.scanrefer_row(scene) for scene in SCENES]
    return read_scanrefer(fixture.write_json(folder / "scanrefer.json", rows), split, **options)


def scanrefer_captions(folder, split, **options):
    return scanrefer(folder, split, task="object_caption", **options)


def nr3d_json(folder, split, **options):
    rows = [fixture.scanrefer_row(scene) for scene in SCENES]
    return read_nr3d_json(fixture.write_json(folder / "nr3d.json", rows), split, **options)


def nr3d_csv(folder, split, **options):
    rows = [fixture.nr3d_row(scene) for scene in SCENES]
    return read_nr3d_csv(fixture.write_nr3d(folder / "nr3d.csv", rows), split, **options)


def multi3drefer(folder, split, **options):
    rows = [fixture.multi3drefer_row(scene, [1, 2], "mt") for scene in SCENES]
    return read_multi3drefer(fixture.write_json(folder / "m3.json", rows), split, **options)


def scene30k(folder, split, **options):
    rows = [fixture.scene30k_row(scene) for scene in SCENES]
    return read_scene30k(fixture.write_jsonl(folder / "s.jsonl", rows), split, **options)


def scene_captions(folder, split, **options):
    value = {scene: {"captions": ["A room."]} for scene in SCENES}
    return read_scene_captions(fixture.write_json(folder / "c.json", value), split, **options)


def threedllm(kind):
    def read(folder, split, **options):
        rows = [fixture.threedllm_row(scene) for scene in SCENES]
        path = fixture.write_json(folder / f"{kind}.json", rows)
        return read_threedllm(path, split, kind, **options)

    read.__name__ = f"threedllm_{kind}"
    return read


READERS = [
    *(scanqa, sqa3d, scanrefer, scanrefer_captions, nr3d_json, nr3d_csv, multi3drefer),
    *(scene30k, scene_captions),
    *(threedllm(kind) for kind in ("dialogue", "planning", "description", "eqa")),
]


@pytest.mark.parametrize("read", READERS, ids=lambda read: read.__name__)
def test_held_out_scenes_never_reach_training(tmp_path, read):
    report = RowReport()
    samples = list(read(tmp_path, "train", report=report))
    assert [sample.scene_id for sample in samples] == [fixture.TRAIN, "scene0000_01"]
    assert all(sample.split == "train" for sample in samples)
    assert report.rows == 5 and report.kept == 2 and report.bad == 0
    assert report.held_out + report.other_split == 3


@pytest.mark.parametrize("read", READERS, ids=lambda read: read.__name__)
def test_more_scenes_can_be_held_out(tmp_path, read):
    # One scan holds out its whole space.
    assert list(read(tmp_path, "train", held_out=["scene0000_00"])) == []


@pytest.mark.parametrize("read", READERS, ids=lambda read: read.__name__)
def test_unknown_splits_are_refused(tmp_path, read):
    with pytest.raises(SplitError, match="validation"):
        list(read(tmp_path, "validation"))


@pytest.mark.parametrize("read", [scene30k, scene_captions, nr3d_csv], ids=lambda r: r.__name__)
@pytest.mark.parametrize(("split", "count"), [("train", 2), ("val", 2), ("test", 1)])
def test_files_of_all_splits_are_divided_by_scene(tmp_path, read, split, count):
    samples = list(read(tmp_path, split))
    assert len(samples) == count
    assert {official_split(sample.scene_id) for sample in samples} == {split}


def test_benchmarks_are_never_trained_on(tmp_path):
    path = fixture.write_json(tmp_path / "o.json", [fixture.openeqa_row("hm3d-v0/000-hm3d-B")])
    assert len(list(read_openeqa(path))) == 1
    with pytest.raises(SplitError, match="benchmark"):
        read_openeqa(path, "train")


def test_cap3d_is_split_by_its_own_list(tmp_path):
    path = fixture.write_cap3d(tmp_path / "c.csv", [("a1", "a mug"), ("b2", "a lamp, lit")])
    train = [sample.id for sample in read_cap3d(path, "train", test_uids={"b2"})]
    test = [sample.id for sample in read_cap3d(path, "test", test_uids={"b2"})]
    assert (train, test) == (["a1"], ["b2"])
    with pytest.raises(SplitError, match="test objects"):
        read_cap3d(path, "train", test_uids=())
    with pytest.raises(SplitError, match="train and test"):
        read_cap3d(path, "val", test_uids={"b2"})


@pytest.mark.parametrize(("split", "kept"), [("train", ["a1"]), ("test", ["b2"])])
def test_bad_rows_of_cap3d_are_counted_in_either_split(tmp_path, split, kept):
    rows = [("a1", "a mug"), ("b2",), (" ", "a chair"), ("b2", "a lamp"), ("a", "b", "c")]
    path = fixture.write_cap3d(tmp_path / "c.csv", rows)
    report = RowReport()
    found = read_cap3d(path, split, test_uids={"b2"}, on_bad="skip", report=report)
    assert [sample.id for sample in found] == kept
    assert report.bad == 3 and "2 columns expected, got 1" in str(report.problems[0])
    with pytest.raises(BadRowError, match=r"c\.csv:2: 2 columns expected"):
        list(read_cap3d(path, split, test_uids={"b2"}))


def test_the_official_lists():
    val, test = scannet_val_scenes(), [f"scene{n:04d}_00" for n in range(707, 807)]
    assert (len(val), len(set(val)), len(test)) == (312, 312, 100)
    assert {official_split(scene) for scene in val} == {"val"}
    assert {official_split(scene) for scene in test} == {"test"}
    # 1,513 scans of 707 spaces are annotated; 142 spaces are for validation.
    assert sum(official_split(f"scene{n:04d}_00") == "train" for n in range(707)) == 707 - 142


def test_held_out_scenes_are_found_in_every_spelling():
    for name in ("scene0011_00", "SCENE0011_00", "scans/scene0011_00", "v0/2-scannet-scene0709_00"):
        assert not may_train_on(name)
    assert may_train_on("scene0000_00") and may_train_on("room_0011") and may_train_on("scene_0011")
    assert not may_train_on("room_0011", hold_out(["room_0011"]))


def test_a_file_of_scenes_to_hold_out(tmp_path):
    path = tmp_path / "held-out.txt"
    path.write_text("# 3D-LLM's val\nscene0605_00\n\nscene0606_01  # again\nroom_7\n")
    held_out = read_hold_out(path)
    assert not may_train_on("scene0605_01", held_out) and not may_train_on("room_7", held_out)
    assert may_train_on("scene0604_00", held_out)
    for text, message in (
        ("scene0000_00\nscene0900_00\n", r"held-out\.txt:2: ScanNet has no scene 'scene0900_00'"),
        ("# nothing\n", "names no scene"),
    ):
        path.write_text(text)
        with pytest.raises(FileFormatError, match=message):
            read_hold_out(path)
    with pytest.raises(FileFormatError, match="cannot be opened"):
        read_hold_out(tmp_path / "nowhere.txt")


def test_scenes_that_scannet_does_not_have_are_bad_rows():
    with pytest.raises(RowError, match="scene0900_00"):
        may_train_on("scene0900_00")
