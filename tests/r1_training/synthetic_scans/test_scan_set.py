"""Synthetic scans are read by every reader as the real ones are, and the split rules hold."""

from __future__ import annotations

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from r1_model.geometry.boxes import aabb_iou
from r1_model.scene.scene import Scene
from r1_model.text.grammar import parse_answer
from r1_training.cli import app
from r1_training.datasets.multi3drefer import read_multi3drefer
from r1_training.datasets.nr3d import read_nr3d_csv
from r1_training.datasets.rows import RowReport
from r1_training.datasets.scannet.class_labels import read_labels
from r1_training.datasets.scannet.prepared import read_prepared, read_prepared_classes
from r1_training.datasets.scannet.sens import read_sens
from r1_training.datasets.scannet.splits import official_split
from r1_training.datasets.scanqa import read_scanqa
from r1_training.datasets.scanrefer import read_scanrefer
from r1_training.datasets.scene30k import read_scene30k, read_scene_captions
from r1_training.datasets.sqa3d import read_sqa3d
from r1_training.datasets.threedllm import read_threedllm
from r1_training.engine.sources import read_items
from r1_training.prepare.scannet_set import LABELS_NAME, find_scans, prepare_scannet
from r1_training.synthetic.rooms.room import make_room
from r1_training.synthetic_scans.category_table import NYU40_NAMES, nyu40_id
from r1_training.synthetic_scans.scan_set import ScanSettings, scene_ids, synthesize_scans

SETTINGS = ScanSettings(scans=10, frames=8, width=96, height=72, voxel=0.05, questions=3)
TRAIN, VAL, TEST = "scene0000_00", "scene0011_00", "scene0707_00"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Ten scans with their annotations, prepared."""
    folder = tmp_path_factory.mktemp("scans")
    synthesize_scans(folder, SETTINGS)
    raw = folder / "scannet"
    records = prepare_scannet(
        find_scans(raw), folder / "prepared", raw / LABELS_NAME, workers=1, frames=4
    )
    assert [record.problem for record in records] == [""] * 10
    return folder


def rows(folder, name):
    return json.loads((folder / "annotations" / name).read_text())


def test_names_keep_the_split_rules():
    names = scene_ids(40)
    assert len(set(names)) == 40
    counts = [sum(official_split(n) == s for n in names) for s in ("train", "val", "test")]
    assert counts == [28, 8, 4]
    assert scene_ids(10) == names[:10]  # a set may grow
    with pytest.raises(ValueError, match="1,000 scans"):
        scene_ids(2_000)


def test_boxes_are_those_of_the_room(folder):
    """What was seen of an object, in the aligned frame; its box cannot be larger by much."""
    seen = 0
    for scene_id in (TRAIN, VAL):
        scan = folder / "scannet" / "scans" / scene_id
        written = json.loads((scan / f"{scene_id}.room.json").read_text())
        room = make_room(written["seed"], official_split(scene_id))
        _, boxes = read_prepared(folder / "prepared", scene_id)
        classes = read_prepared_classes(folder / "prepared", scene_id)
        for part, number in written["object_ids"].items():
            item = room.object(int(part))
            box = boxes[number]
            assert classes[number] == nyu40_id(item.category)
            low, high = box[:3] - box[3:] / 2, box[:3] + box[3:] / 2
            assert (low > item.center - item.size / 2 - 0.12).all(), item.category
            assert (high < item.center + item.size / 2 + 0.12).all(), item.category
            seen += aabb_iou(box[:3], box[3:], item.center, item.size) > 0.5
    assert seen >= 8


def test_frames_and_mesh_are_of_one_frame(folder):
    scan = folder / "scannet" / "scans" / TRAIN
    views = list(read_sens(scan / f"{TRAIN}.sens"))
    assert len(views) == 8 and views[0].depth.shape == (72, 96)
    alignment = next(
        line for line in (scan / f"{TRAIN}.txt").read_text().splitlines() if "axis" in line
    )
    T = np.array(alignment.partition("=")[2].split(), float).reshape(4, 4)
    assert not np.allclose(T, np.eye(4))
    scene, _ = read_prepared(folder / "prepared", TRAIN)
    view = views[3]
    v, u = (axis.ravel() for axis in np.mgrid[20:50:5, 20:70:5])
    z = view.depth[v, u]
    ray = np.linalg.inv(view.K) @ np.stack([u, v, np.ones_like(u)]) * z
    places = (T @ view.T_scene_camera @ np.vstack([ray, np.ones_like(z)]))[:3].T[z > 0]
    away = np.linalg.norm(places[:, None] - scene.points[None], axis=-1).min(1)
    assert np.median(away) < 0.06


@pytest.mark.parametrize("split", ["train", "val"])
def test_every_reader_reads_its_file_whole(folder, split):
    notes = folder / "annotations"
    files = {
        "scanqa": read_scanqa(notes / f"ScanQA_v1.0_{split}.json", split),
        "scanrefer": read_scanrefer(notes / f"ScanRefer_filtered_{split}.json", split),
        "nr3d": read_nr3d_csv(notes / "nr3d.csv", split),
        "multi3drefer": read_multi3drefer(notes / f"multi3drefer_{split}.json", split),
        "scene30k": read_scene30k(notes / "Scene-30K.jsonl", split),
        "captions": read_scene_captions(notes / "scene_caption.json", split),
        "sqa3d": read_sqa3d(
            notes / f"v1_balanced_questions_{split}_scannetv2.json",
            notes / f"v1_balanced_sqa_annotations_{split}_scannetv2.json",
            split,
        ),
    }
    for kind, name in (
        ("dialogue", "embodied_dialogue_filtered"),
        ("planning", "embodied_planning_filtered"),
        ("description", "scene_description"),
        ("eqa", "embodied_question_answer"),
    ):
        files[kind] = read_threedllm(notes / f"3d_llm_{name}_{split}.json", split, kind)
    for name, samples in files.items():
        samples = list(samples)
        assert samples, name
        assert {official_split(sample.scene_id) for sample in samples} == {split}, name
        assert len({sample.id for sample in samples}) == len(samples), name
        for sample in samples:
            assert "<obj:" not in f"{sample.question} {sample.answers}", name
            assert name == "scene30k" or "<obj>" not in f"{sample.question} {sample.answers}"


def test_test_files_have_no_answers(folder):
    [*samples] = read_scanqa(folder / "annotations" / "ScanQA_v1.0_test_w_obj.json", "test")
    assert samples and {sample.scene_id for sample in samples} == {TEST}
    assert not any(sample.answers or sample.object_ids for sample in samples)
    scan = folder / "scannet" / "scans_test" / TEST
    assert not list(scan.glob("*aggregation*")) and not list(scan.glob("*segs*"))


def test_validation_rows_are_never_trained_on(folder):
    report = RowReport()
    samples = list(
        read_scene30k(folder / "annotations" / "Scene-30K.jsonl", "train", report=report)
    )
    assert samples and report.other_split > 0 and report.bad == 0
    assert VAL not in {sample.scene_id for sample in samples}


def test_boxes_of_thoughts_are_those_of_the_prepared_scan(folder):
    """Read back relative to the cloud's bounds, a box of an answer is an object's box."""
    checked = 0
    for sample in read_scene30k(folder / "annotations" / "Scene-30K.jsonl", "val"):
        if sample.task != "grounding":
            continue
        scene, boxes = read_prepared(folder / "prepared", sample.scene_id)
        assert isinstance(scene, Scene)
        for box in parse_answer(sample.details["cot"], scene.bounds(), "grounding").boxes:
            ious = [aabb_iou(box.center, box.size, b[:3], b[3:]) for b in boxes.values()]
            # a level is a 255th of the room: thin things lose some of their overlap to it
            near = [np.abs(box.center - b[:3]).max() for b in boxes.values()]
            assert max(ious) > 0.75 or min(near) < 0.03
            checked += 1
    assert checked >= 2


def test_objects_of_rows_have_boxes(folder):
    for name in ("ScanRefer_filtered_val.json", "ScanQA_v1.0_val.json"):
        for row in rows(folder, name):
            _, boxes = read_prepared(folder / "prepared", row["scene_id"])
            wanted = row.get("object_ids", [int(row.get("object_id", 0))])
            assert set(wanted) <= boxes.keys()


def test_labels_are_scannets(folder):
    labels = read_labels(folder / "scannet" / LABELS_NAME)
    assert labels.class_of("sofa") == "sofa" and labels.class_of("office_chair") == "chair"
    assert labels.nyu40["wall"] == 1 and labels.class_of("mug") == "others"
    assert set(labels.nyu40.values()) <= NYU40_NAMES.keys()


def test_the_engine_reads_them(folder):
    report = RowReport()
    items = list(read_items("scanqa", folder / "annotations" / "ScanQA_v1.0_train.json", report))
    assert items and report.bad == 0


def test_a_set_goes_on_and_is_the_same(folder, tmp_path):
    before = (folder / "annotations" / "ScanQA_v1.0_train.json").read_text()
    mesh = folder / "scannet" / "scans" / TRAIN / f"{TRAIN}_vh_clean_2.ply"
    stamp = mesh.stat().st_mtime_ns
    synthesize_scans(folder, SETTINGS)
    assert mesh.stat().st_mtime_ns == stamp
    assert (folder / "annotations" / "ScanQA_v1.0_train.json").read_text() == before
    with pytest.raises(ValueError, match="holds scans of frames 8, not 9"):
        synthesize_scans(folder, ScanSettings(scans=10, frames=9, width=96, height=72, voxel=0.05))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--voxel", "5"], "voxel must lie"),
        (["--scans", "0"], "--scans"),
        (["--width", "3"], "--width"),
    ],
)
def test_impossible_settings_are_named(tmp_path, arguments, message):
    result = CliRunner().invoke(app, ["synthesize-scans", str(tmp_path / "out"), *arguments])
    assert result.exit_code == 2 and message in result.output
