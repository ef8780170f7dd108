"""Cap3D's objects: clouds without views, captioned and gone on with."""

from __future__ import annotations

import json

import numpy as np
import pytest
from plyfile import PlyData, PlyElement
from typer.testing import CliRunner

from r1_training.cli import app
from r1_training.datasets.errors import FileFormatError
from r1_training.prediction.object_clouds import read_cloud


def cloud(points: int = 500) -> np.ndarray:
    """(N, 6): a long red box, y up, as Objaverse has it."""
    rng = np.random.default_rng(0)
    xyz = rng.uniform(-1, 1, (points, 3)) * (2.0, 0.5, 1.0)
    return np.hstack([xyz, np.tile([200.0, 20.0, 10.0], (points, 1))])


def write_ply(path, values) -> None:
    vertex = np.zeros(
        len(values), [(n, "f4") for n in "xyz"] + [(n, "u1") for n in ("red", "green", "blue")]
    )
    for column, name in enumerate(("x", "y", "z", "red", "green", "blue")):
        vertex[name] = values[:, column]
    PlyData([PlyElement.describe(vertex, "vertex")]).write(str(path))


def test_every_kind_of_file_is_the_same_cloud(tmp_path):
    values = cloud()
    write_ply(tmp_path / "a.ply", values)
    np.save(tmp_path / "b.npy", values)
    np.save(tmp_path / "c.npy", values.T.astype(np.float32))
    shares = values.copy()
    shares[:, 3:] /= 255
    np.savez(tmp_path / "d.npz", points=shares)
    scenes = [read_cloud(tmp_path / name) for name in ("a.ply", "b.npy", "c.npy", "d.npz")]
    for scene in scenes:
        assert np.allclose(scene.points, scenes[0].points, atol=1e-5)
        assert (scene.colors == (200, 20, 10)).all()
        size = np.ptp(scene.points, axis=0)
        assert size.max() == pytest.approx(1, abs=1e-5) and size.argmin() == 2  # z is up
        assert len(scene.views) == 8
    for view in scenes[0].views:  # seen from outside, in the middle of the picture
        height, width = view.depth.shape
        assert view.depth[height // 2, width // 2] > 0.5
        assert (view.color[height // 2, width // 2] == (200, 20, 10)).all()
        assert not view.depth[0].any()


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda p: np.save(p, np.zeros((4, 5))), "must hold"),
        (lambda p: np.save(p, np.zeros((0, 6))), "must hold"),
        (lambda p: np.save(p, np.full((4, 6), np.nan)), "not finite"),
        (lambda p: np.save(p, np.array(["a"])), "must hold numbers"),
        (lambda p: p.write_bytes(b"hello"), "not an array file"),
        (lambda p: p.write_bytes(b""), "not an array file"),
    ],
)
def test_what_is_no_cloud_is_named(tmp_path, write, message):
    path = tmp_path / "a.npy"
    write(path)
    with pytest.raises(FileFormatError, match=message):
        read_cloud(path)
    (tmp_path / "b.ply").write_bytes(b"ply\nnothing")
    with pytest.raises(FileFormatError, match=r"b\.ply: not a coloured PLY"):
        read_cloud(tmp_path / "b.ply")


@pytest.mark.parametrize(("kind", "value"), [("f4", 0.8), ("u2", 52428), ("u1", 204)])
def test_colours_of_any_range_and_name(tmp_path, kind, value):
    vertex = np.zeros(3, [(n, "f4") for n in "xyz"] + [(n, kind) for n in "rgb"])
    vertex["x"], vertex["r"] = (0, 1, 2), value
    PlyData([PlyElement.describe(vertex, "vertex")]).write(str(tmp_path / "a.ply"))
    assert (read_cloud(tmp_path / "a.ply").colors == (204, 0, 0)).all()


def test_archives_that_are_cut_or_hold_something_else_are_named(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, xyz=cloud())
    with pytest.raises(FileFormatError, match="an array `points`; it has xyz"):
        read_cloud(path)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(FileFormatError, match=r"a\.npz: not an array file"):
        read_cloud(path)


def test_objects_are_captioned_and_gone_on_with(tmp_path):
    objects = tmp_path / "objects"
    objects.mkdir()
    write_ply(objects / "one.ply", cloud())
    np.save(objects / "two.npy", cloud())
    (objects / "torn.npy").write_bytes(b"x")
    out = tmp_path / "captions.jsonl"
    arguments = ["predict", "r1-tiny", str(out), "--dataset", "cap3d", "--objects", str(objects)]
    arguments += ["--device", "cpu", "--num-views", "2", "--max-new-tokens", "20"]
    result = CliRunner().invoke(app, arguments, env={"COLUMNS": "300"})
    assert result.exit_code == 1, result.output
    assert "torn.npy: not an array file" in result.output
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert [row["id"] for row in rows] == ["one", "two"]
    assert all(isinstance(row["answer"], str) for row in rows)
    assert rows[0]["dataset"] == "cap3d" and rows[0]["switches"] == "selected-2,tokens-20"
    uids = tmp_path / "uids.txt"
    uids.write_text("one\nthree\n")
    result = CliRunner().invoke(app, [*arguments, "--uids", str(uids)], env={"COLUMNS": "300"})
    assert result.exit_code == 1 and "0 predictions, 1 from before" in result.output
    assert "three" in result.output
    other = [a if a != "20" else "21" for a in arguments]
    result = CliRunner().invoke(app, other, env={"COLUMNS": "300"})
    assert result.exit_code == 2 and "was made with" in result.output
