import json

import numpy as np
import pytest
from plyfile import PlyData, PlyElement

from r1_training.datasets.errors import FileFormatError
from r1_training.datasets.scannet.class_labels import CLASSES, read_labels
from r1_training.datasets.scannet.prepared import MAX_POINTS, prepared_arrays, read_prepared
from r1_training.datasets.scannet.scans import read_axis_alignment, read_mesh, read_scan
from tests.r1_training.scannet_fixture import ALIGNMENT, write_labels, write_mesh, write_scan

SCENE = "scene0000_00"


@pytest.fixture
def labels(tmp_path):
    return read_labels(write_labels(tmp_path / "scannetv2-labels.combined.tsv"))


@pytest.fixture
def folder(tmp_path):
    return write_scan(tmp_path, SCENE)


def test_a_raw_scan_has_points_instances_and_boxes(folder, labels):
    scan = read_scan(folder, labels)
    assert scan.points.shape == (24, 3) and scan.colors.dtype == np.uint8
    assert (scan.colors[:, 1] == 200).all()
    assert scan.instance.tolist() == [1] * 8 + [3] * 8 + [2] * 8
    assert scan.semantic.tolist() == [5] * 16 + [1] * 8
    # The wall is no object; object ids are 0-based.
    assert scan.boxes.tolist() == [
        [0.5, 0.5, 0.5, 1, 1, 1, 5, 0],
        [3.25, 0.5, 1.0, 0.5, 1, 2, 5, 2],
    ]
    np.testing.assert_array_equal(scan.T_aligned_scan, ALIGNMENT)
    np.testing.assert_allclose(scan.aligned_boxes[1, :6], [0.5, 5.25, 0.5, 1, 0.5, 2], atol=1e-6)
    assert np.allclose(np.linalg.norm(scan.normals[[0, 4, 6]], axis=1), 1)
    assert (scan.normals[5] == 0).all()  # no face


def test_labels(labels):
    assert labels.nyu40['12" monitor'] == 40
    assert labels.class_of("office_chair") == "chair"
    assert labels.class_of("piano") == labels.class_of("wall") == "others"
    assert len(CLASSES) == 18


def test_the_scan_is_aligned(folder, labels):
    scan = read_scan(folder, labels)
    aligned = scan.points @ scan.T_aligned_scan[:3, :3].T + scan.T_aligned_scan[:3, 3]
    low, high = aligned.min(0), aligned.max(0)
    np.testing.assert_allclose(low, [-4.1, 2, -0.5], atol=1e-5)
    np.testing.assert_allclose(high, [1, 5.5, 2.5], atol=1e-5)


def test_test_scans_have_a_mesh_only(tmp_path, labels):
    scan = read_scan(write_scan(tmp_path, "scene0707_00", annotated=False), labels)
    assert len(scan.boxes) == 0 and (scan.instance == 0).all()
    assert (scan.T_aligned_scan == np.eye(4)).all()


def test_the_prepared_set_reads_back(folder, labels, tmp_path):
    scan = read_scan(folder, labels)
    arrays = prepared_arrays(scan)
    for name, array in arrays.items():
        np.save(tmp_path / f"{SCENE}_{name}.npy", array)
    scene, boxes = read_prepared(tmp_path, SCENE)
    aligned = scan.points @ scan.T_aligned_scan[:3, :3].T + scan.T_aligned_scan[:3, 3]
    np.testing.assert_allclose(scene.points, aligned, atol=1e-5)
    np.testing.assert_array_equal(scene.colors, scan.colors)
    assert sorted(boxes) == [0, 2]
    np.testing.assert_allclose(boxes[2], scan.aligned_boxes[1, :6])
    assert arrays["vert"].shape == (24, 9) and arrays["vert"].dtype == np.float32


def test_large_scans_are_sampled_the_same_way_every_time(folder, labels):
    count = MAX_POINTS + 10
    points = np.random.default_rng(0).random((count, 3)).astype(np.float32)
    write_mesh(folder / f"{SCENE}_vh_clean_2.ply", points, np.array([[0, 1, 2]]))
    segments = {"segIndices": [10] * (count - 2) + [11, 12]}
    (folder / f"{SCENE}_vh_clean_2.0.010000.segs.json").write_text(json.dumps(segments))
    first, second = (prepared_arrays(read_scan(folder, labels)) for _ in range(2))
    assert first["vert"].shape == (MAX_POINTS, 9)
    for name in first:
        np.testing.assert_array_equal(first[name], second[name])


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (
            lambda f: (f / f"{SCENE}.aggregation.json").unlink(),
            "aggregation.json: cannot be opened",
        ),
        (lambda f: (f / f"{SCENE}.txt").write_text("sceneType = Office\n"), "no line `axisAlign"),
        (lambda f: (f / f"{SCENE}.txt").write_text("axisAlignment = 1 2\n"), "txt:1: axisAlign"),
        (
            lambda f: (f / f"{SCENE}.txt").write_text("axisAlignment =" + " 1" * 16),
            "axisAlignment is not rigid",
        ),
        (
            lambda f: (f / f"{SCENE}.txt").write_text(
                "axisAlignment = -1 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1"
            ),
            "axisAlignment is not rigid",
        ),
        (
            lambda f: (f / f"{SCENE}.txt").write_text(
                "axisAlignment = 1 0 0 inf 0 1 0 0 0 0 1 0 0 0 0 1"
            ),
            "axisAlignment is not rigid",
        ),
        (
            lambda f: (f / f"{SCENE}.txt").write_text(
                "axisAlignment = 1 0 0 0 0 1 0 0 0 0 1 0 2 3 4 1"
            ),
            "axisAlignment is not rigid",
        ),
        (
            lambda f: (f / f"{SCENE}_vh_clean_2.0.010000.segs.json").write_text(
                '{"segIndices":["1", "2"]}'
            ),
            "must be a list of integers, got .'1'",
        ),
        (
            lambda f: (f / f"{SCENE}.aggregation.json").write_text(
                '{"segGroups": ['
                + ", ".join(['{"objectId": 0, "segments": [10], "label": "chair"}'] * 2)
                + "]}"
            ),
            "`objectId` 0 comes twice",
        ),
        (
            lambda f: (f / f"{SCENE}_vh_clean_2.0.010000.segs.json").write_text(
                '{"segIndices":[1]}'
            ),
            "1 segment indices for a mesh of 24 vertices",
        ),
        (
            lambda f: (f / f"{SCENE}.aggregation.json").write_text(
                '{"segGroups": [{"objectId": 0, "segments": [99], "label": "chair"}]}'
            ),
            "no key or segment 99",
        ),
        (
            lambda f: (f / f"{SCENE}.aggregation.json").write_text(
                '{"segGroups": [{"objectId": 0, "segments": [10], "label": "dragon"}]}'
            ),
            "no category 'dragon'",
        ),
        (lambda f: (f / f"{SCENE}.aggregation.json").write_text("{"), "must be an object"),
        (
            lambda f: (f / f"{SCENE}_vh_clean_2.ply").write_bytes(b"ply\nbroken"),
            "not a coloured PLY",
        ),
    ],
)
def test_broken_scans_say_what_is_wrong(folder, labels, damage, message):
    damage(folder)
    with pytest.raises(FileFormatError, match=message.replace("(", r"\(")):
        read_scan(folder, labels)


def test_truncated_meshes_are_refused(folder, labels):
    mesh = folder / f"{SCENE}_vh_clean_2.ply"
    mesh.write_bytes(mesh.read_bytes()[:-40])
    with pytest.raises(FileFormatError, match="ply"):
        read_scan(folder, labels)


def test_axis_alignment_may_be_missing_only_where_allowed(tmp_path):
    assert (read_axis_alignment(tmp_path / "none.txt", required=False) == np.eye(4)).all()
    with pytest.raises(FileFormatError, match="cannot be opened"):
        read_axis_alignment(tmp_path / "none.txt")


def test_prepared_arrays_of_wrong_shape_are_refused(tmp_path):
    np.save(tmp_path / f"{SCENE}_aligned_vert.npy", np.zeros((5, 3), np.float32))
    with pytest.raises(FileFormatError, match="must have shape"):
        read_prepared(tmp_path, SCENE)


@pytest.mark.parametrize(("kind", "value"), [("f4", 0.8), ("u2", 52428), ("u1", 204)])
def test_colours_of_meshes_have_any_range(folder, kind, value):
    vertex = np.zeros(3, [(n, "f4") for n in "xyz"] + [(n, kind) for n in ("red", "green", "blue")])
    vertex["red"] = value
    face = np.array([([0, 1, 2],)], [("vertex_indices", "i4", (3,))])
    path = folder / "mesh.ply"
    elements = [PlyElement.describe(vertex, "vertex"), PlyElement.describe(face, "face")]
    PlyData(elements).write(str(path))
    assert (read_mesh(path)[1] == (204, 0, 0)).all()
