"""Boxes and clouds from files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plyfile import PlyData, PlyElement
from scipy.spatial.transform import Rotation

from r1_ros.pictures.box_files import BoxChoice, PredictionsError, read_predictions
from r1_ros.pictures.class_names import SCANNET, class_names
from r1_ros.pictures.ply import PlyError, read_ply
from r1_ros.pictures.top_down import PictureBox


def same_box(a: PictureBox, corners: np.ndarray) -> None:
    """Boxes are the same when their corners are, in any order."""
    ours = a.corners()
    distance = np.linalg.norm(ours[:, None] - corners[None], axis=2)
    assert distance.min(1).max() < 1e-4
    assert distance.min(0).max() < 1e-4


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_corners_in_any_order(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    rng = np.random.default_rng(seed)
    box = PictureBox(
        rng.normal(size=3),
        rng.uniform(0.05, 3, 3),
        R=Rotation.random(random_state=seed).as_matrix(),
    )
    path = tmp_path_factory.mktemp("npz") / "x.npz"
    np.savez(path, corners=rng.permutation(box.corners())[None])
    (read,) = read_predictions(path)
    same_box(read, box.corners())
    assert np.linalg.det(read.R) == pytest.approx(1)


def test_centers_sizes_headings_labels_scores(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    np.savez(
        path,
        centers=[[1.0, 2, 3], [0, 0, 0]], sizes=[[2.0, 1, 1], [1, 1, 1]],
        headings=[np.pi / 2, 0], labels=[4, 7], scores=[0.9, 0.2],
    )  # fmt: skip
    (box,) = read_predictions(path, BoxChoice(min_score=0.5))
    assert box.label == "4"
    np.testing.assert_allclose(box.R[:, 0], [0, 1, 0], atol=1e-12)
    assert len(read_predictions(path)) == 2


def test_json_of_the_reference_and_of_a_folder(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text(json.dumps([{"center": [1, 2, 3], "scale": [1, 1, 2], "label": "chair"}]))
    (box,) = read_predictions(path)
    assert (box.label, box.size.tolist()) == ("chair", [1, 1, 2])
    path.write_text(json.dumps({"objects": [{"center": [1, 2, 3], "size": [1, 1, 2]}]}))
    assert read_predictions(path)[0].label == ""


def test_class_numbers_get_their_names(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    np.savez(path, centers=np.zeros((2, 3)), sizes=np.ones((2, 3)), labels=[2, 13])
    names = [box.label for box in read_predictions(path, BoxChoice(classes=SCANNET))]
    assert names == ["chair", "shower curtain"]
    (tmp_path / "own.txt").write_text("mug\n\nplate\n")
    assert class_names(str(tmp_path / "own.txt")) == ("mug", "", "plate")
    with pytest.raises(PredictionsError, match="label 13, but there are 3 classes"):
        read_predictions(path, BoxChoice(classes=class_names(str(tmp_path / "own.txt"))))


def test_the_classes_are_those_that_detection_is_scored_by() -> None:
    from r1_training.datasets.scannet.class_labels import CLASSES

    assert class_names("scannet") == CLASSES


def test_corners_in_camera_axes_are_turned_up(tmp_path: Path) -> None:
    """As VoteNet's flip_axis_to_camera writes a box of ours: x, -z, y."""
    box = PictureBox(np.array([1.0, 2.0, 0.5]), np.array([0.4, 0.8, 1.2]))
    x, y, z = box.corners().T
    path = tmp_path / "x.npz"
    np.savez(path, corners=np.stack([x, -z, y], axis=1)[None])
    (read,) = read_predictions(path, BoxChoice(camera_axes=True))
    same_box(read, box.corners())
    assert np.linalg.det(read.R) == pytest.approx(1)
    assert not np.allclose(read_predictions(path)[0].center, box.center)


PREDICTED = [
    {"id": "scene0011_00|3|0", "boxes": [[1, 2, 3, 1, 1, 2]], "answer": "a chair"},
    {"id": "scene0011_00|4|0", "boxes": []},
    {"id": "scene0012_00", "boxes": [[0, 0, 0, 1, 1, 1], [5, 0, 0, 1, 1, 1]],
     "labels": ["chair", "bed"], "captions": ["a chair .", "a bed ."], "scores": [0.9, 0.2]},
]  # fmt: skip


@pytest.mark.parametrize("suffix", [".jsonl", ".json"])
def test_what_predict_writes(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"x{suffix}"
    lines = "\n".join(map(json.dumps, PREDICTED)) + "\n"
    path.write_text(lines if suffix == ".jsonl" else json.dumps(PREDICTED))
    (box,) = read_predictions(path, BoxChoice(id="scene0011_00"))
    assert box.center.tolist() == [1, 2, 3] and box.size.tolist() == [1, 1, 2]
    assert [box.label for box in read_predictions(path, BoxChoice(id="scene0012_00"))] == [
        "chair", "bed",
    ]  # fmt: skip
    assert len(read_predictions(path, BoxChoice(0.5, "scene0012_00"))) == 1
    with pytest.raises(PredictionsError, match=r"3 entries: choose by --id, as scene0011_00\|3\|0"):
        read_predictions(path)
    with pytest.raises(PredictionsError, match="no entry 'scene0099_00'"):
        read_predictions(path, BoxChoice(id="scene0099_00"))


def test_what_evaluate_bag_writes(tmp_path: Path) -> None:
    mug = {
        "label": "mug",
        "center": [1, 2, 3],
        "size": [0.1, 0.2, 0.1],
        "orientation": [0, 0, 1, 1],
    }
    table = mug | {"label": "table"}
    answers = [
        {"id": "where", "objects": [mug], "steps": []},
        {"id": "put", "objects": [mug], "steps": [{"action": "place", "objects": [table]}]},
    ]
    path = tmp_path / "replay.json"
    path.write_text(json.dumps({"answers": answers}))
    mug_box, table_box = read_predictions(path, BoxChoice(id="put"))
    assert (mug_box.label, table_box.label) == ("mug", "table")
    np.testing.assert_allclose(mug_box.R[:, 0], [0, 1, 0], atol=1e-12)


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ({"id": 5}, "must be an object with an `id`"),
        ({"id": "a", "answer": "yes"}, "has no `boxes`"),
        ({"id": "a", "boxes": [[1, 2, 3]]}, "six numbers"),
        ({"id": "a", "boxes": [[1, 2, 3, 1, 1, 1]], "labels": []}, "`labels` must be one for each"),
    ],
)
def test_entries_that_make_no_sense(tmp_path: Path, entry: dict, says: str) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(json.dumps(entry))
    with pytest.raises(PredictionsError, match=says):
        read_predictions(path)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.npz", b"no zip"),
        ("x.jsonl", b'{"id": "a", "boxes": []}\n{"id": '),
        ("x.json", b'{"answers": [{"id": "a", "steps": [5]}]}'),
        ("x.json", b'{"answers": 5}'),
        ("x.json", b"{"),
        ("x.json", b'[{"center": [1, 2]}]'),
        ("x.json", b'[{"center": [1, 2, 3]}]'),
        ("x.json", b"[5]"),
        ("missing.json", None),
    ],
)
def test_bad_predictions_name_the_file(tmp_path: Path, name: str, content: bytes | None) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(PredictionsError, match=name):
        read_predictions(path)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("null", "expected a list of boxes, or `objects` or `answers`; got None"),
        ('{"results": []}', "got an object with results"),
        ('{"objects": {}}', "expected a list of boxes"),
        ('[{"center": [1, 2, 3], "siez": [1, 1, 1]}]', "box 1 must have `center` and `size`"),
    ],
)
def test_what_is_missing_is_told_in_words(tmp_path: Path, content: str, says: str) -> None:
    (tmp_path / "x.json").write_text(content)
    with pytest.raises(PredictionsError, match=says):
        read_predictions(tmp_path / "x.json")
    np.savez(tmp_path / "x.npz", boxes=np.zeros((1, 6)))
    with pytest.raises(PredictionsError, match="`centers` and `sizes`; it holds boxes"):
        read_predictions(tmp_path / "x.npz")


def test_pickled_arrays_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    np.savez(path, corners=np.array([{"a": 1}], dtype=object))
    with pytest.raises(PredictionsError, match="pickle"):
        read_predictions(path)


def test_corners_that_are_no_box(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    np.savez(path, corners=np.random.default_rng(0).normal(size=(1, 8, 3)))
    with pytest.raises(PredictionsError, match="no box"):
        read_predictions(path)


@pytest.mark.parametrize("colored", [True, False])
def test_ply(tmp_path: Path, colored: bool) -> None:
    fields = [("x", "f4"), ("y", "f4"), ("z", "f4")]
    if colored:
        fields += [("red", "u1"), ("green", "u1"), ("blue", "u1")]
    vertices = np.zeros(3, fields)
    vertices["x"] = [1, 2, np.nan]
    if colored:
        vertices["green"] = 77
    PlyData([PlyElement.describe(vertices, "vertex")]).write(tmp_path / "x.ply")
    points, colors = read_ply(tmp_path / "x.ply")
    assert points.tolist() == [[1, 0, 0], [2, 0, 0]]
    assert colors.tolist() == ([[0, 77, 0]] * 2 if colored else [[160] * 3] * 2)


def test_ply_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "x.ply").write_text("hello")
    for name in ("x.ply", "missing.ply"):
        with pytest.raises(PlyError, match=name):
            read_ply(tmp_path / name)


@pytest.mark.parametrize("kind", ["ascii", "binary_little_endian"])
def test_a_ply_that_claims_more_than_memory_holds(tmp_path: Path, kind: str) -> None:
    header = f"ply\nformat {kind} 1.0\nelement vertex 99999999999999\n"
    header += "".join(f"property float {axis}\n" for axis in "xyz") + "end_header\n0 0 0\n"
    (tmp_path / "x.ply").write_text(header)
    with pytest.raises(PlyError, match="x.ply"):
        read_ply(tmp_path / "x.ply")


@pytest.mark.parametrize(
    ("names", "dtype", "values", "expected"),
    [
        (("red", "green", "blue"), "f4", (200 / 255, 40 / 255, 20 / 255), (200, 40, 20)),
        (("red", "green", "blue"), "f4", (200, 40, 20), (200, 40, 20)),
        (("red", "green", "blue"), "u2", (50000, 10000, 5000), (195, 39, 20)),
        (("red", "green", "blue"), "u2", (51400, 10280, 5140), (200, 40, 20)),
        (("r", "g", "b"), "u1", (200, 40, 20), (200, 40, 20)),
        (("diffuse_red", "diffuse_green", "diffuse_blue"), "u1", (200, 40, 20), (200, 40, 20)),
        (("f_dc_0", "f_dc_1", "f_dc_2"), "f4", (1.0, -1.0, 9.0), (199, 56, 255)),
    ],
)
def test_colours_of_ply_as_other_tools_write_them(
    tmp_path: Path, names, dtype: str, values, expected
) -> None:
    vertices = np.zeros(5, [*((axis, "f4") for axis in "xyz"), *((n, dtype) for n in names)])
    for name, value in zip(names, values, strict=True):
        vertices[name] = value
    PlyData([PlyElement.describe(vertices, "vertex")]).write(tmp_path / "x.ply")
    assert (read_ply(tmp_path / "x.ply")[1] == expected).all()


@pytest.mark.parametrize(
    ("box", "says"),
    [
        ({"center": [0, 0, float("nan")]}, "box 1 is not finite"),
        ({"center": [10**400, 0, 0]}, "box 1: `center` must be 3 numbers, got .10000"),
        ({"center": {"x": 1}}, "box 1: `center` must be 3 numbers, got {'x': 1}"),
        ({"size": [1, 1]}, r"box 1: `size` must be 3 numbers, got \[1, 1\]"),
        ({"size": [1, 1, -1]}, "box 1 has a negative size"),
        ({"rotation": [[2, 0, 0], [0, 2, 0], [0, 0, 2]]}, "box 1: `rotation` is none"),
        ({"orientation": [0, 0, 0, 0]}, "box 1: `orientation` is no quaternion"),
        ({"score": "high"}, "box 1: `score` must be"),
    ],
)
def test_numbers_that_are_no_box_are_named(tmp_path: Path, box: dict, says: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(json.dumps([{"center": [0, 0, 0], "size": [1, 1, 1]} | box]))
    with pytest.raises(PredictionsError, match=f"x.json: {says}"):
        read_predictions(path)


def test_arrays_that_are_no_boxes_are_named(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    for arrays, says in (
        ({"sizes": np.full((1, 3), -1.0)}, "box 1 has a negative size"),
        ({"sizes": np.full((1, 3), np.inf)}, "box 1 is not finite"),
        ({"sizes": np.ones((1, 3)) * 1j}, "`sizes` must hold numbers"),
        ({"sizes": np.ones((1, 3)), "headings": np.array([np.nan])}, "box 1 is not finite"),
    ):
        np.savez(path, centers=np.zeros((1, 3)), **arrays)
        with pytest.raises(PredictionsError, match=f"x.npz: {says}"):
            read_predictions(path)
    path.write_bytes(b"")
    with pytest.raises(PredictionsError, match="x.npz"):
        read_predictions(path)
    flat = np.array([[x, y, 0] for x in (0, 1) for y in (0, 2) for _ in (0, 1)], float)
    np.savez(path, corners=flat[None], labels=np.array([b"rug"]))
    (rug,) = read_predictions(path)
    assert rug.label == "rug" and sorted(rug.size) == [0, 1, 2]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("name", "kind"), [("rgb", "f4"), ("rgba", "u4")])
def test_colours_of_ply_in_one_word(tmp_path: Path, order: str, name: str, kind: str) -> None:
    vertices = np.zeros(2, [(a, "f4") for a in "xyz"] + [(name, kind)])
    vertices[name] = np.array([200 << 16 | 40 << 8 | 20], np.uint32).view(kind)
    PlyData([PlyElement.describe(vertices, "vertex")], byte_order=order).write(tmp_path / "x.ply")
    assert read_ply(tmp_path / "x.ply")[1].tolist() == [[200, 40, 20]] * 2


def test_ply_without_vertices_says_what_it_has(tmp_path: Path) -> None:
    vertices = np.full(2, np.nan, [(a, "f4") for a in "xyz"])
    for element, says in (
        ("point", "no element vertex; its elements: point"),
        ("vertex", "2 vertices"),
    ):
        PlyData([PlyElement.describe(vertices, element)]).write(tmp_path / "x.ply")
        with pytest.raises(PlyError, match=says):
            read_ply(tmp_path / "x.ply")


@pytest.mark.parametrize(
    ("properties", "row"),
    [
        ("float X\nfloat Y\nfloat Z\nuchar Red\nuchar Green\nuchar Blue", "1 2 3 200 40 20"),
        ("float x\nfloat y\nfloat z\nuint rgb", f"1 2 3 {200 << 16 | 40 << 8 | 20}"),
        (
            "float x\nfloat y\nfloat z\nfloat scalar_R\nfloat scalar_G\nfloat scalar_B",
            "1 2 3 200 40 20",
        ),
    ],
)
def test_names_in_a_ply_as_in_a_message_and_comments_in_any_language(
    tmp_path: Path, properties: str, row: str
) -> None:
    names = properties.replace("\n", "\nproperty ")
    header = f"ply\nformat ascii 1.0\ncomment Größe 房间\nelement vertex 1\nproperty {names}\n"
    (tmp_path / "x.ply").write_text(f"{header}end_header\n{row}\n", encoding="utf-8")
    points, colors = read_ply(tmp_path / "x.ply")
    assert points.tolist() == [[1, 2, 3]] and colors.tolist() == [[200, 40, 20]]


def test_what_a_ply_has_instead_is_named(tmp_path: Path) -> None:
    for body, said in (
        ("element point 0\nproperty float x", "no element vertex; its elements: point"),
        ("element vertex 0\nproperty float x\nproperty float u", "no y, z; they have x, u"),
    ):
        (tmp_path / "x.ply").write_text(f"ply\nformat ascii 1.0\n{body}\nend_header\n")
        with pytest.raises(PlyError, match=said):
            read_ply(tmp_path / "x.ply")
