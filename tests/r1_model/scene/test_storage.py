"""Saved scenes: bit-equal, atomic, and damage of any file found."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1_model.geometry.poses import pose_matrix
from r1_model.scene import storage
from r1_model.scene.scene import Scene, View
from r1_model.scene.storage import (
    CorruptSceneError,
    SceneNotFoundError,
    SceneStorageError,
    load_scene,
    save_scene,
)


def make_scene(views: int = 2, points: int = 50, seed: int = 0, normals: bool = True) -> Scene:
    rng = np.random.default_rng(seed)

    def make_view(index: int) -> View:
        depth = rng.uniform(0, 5, (12, 16)).astype(np.float32)
        depth[0, :3] = (0, 1e-40, 3e38)  # a denormal and a giant
        return View(
            color=rng.integers(0, 256, (12, 16, 3), np.uint8),
            depth=depth,
            K=np.array([[10 / 3, 0, 8], [0, 10.1, 6], [0, 0, 1]]),
            T_scene_camera=pose_matrix(rng.normal(size=3), rng.normal(size=4)),
            stamp=1_700_000_000_000_000_001 + index,
            id=index * 3,
            frame_id="camera_光",
        )

    return Scene(
        points=rng.normal(size=(points, 3)).astype(np.float32),
        colors=rng.integers(0, 256, (points, 3), np.uint8),
        normals=rng.normal(size=(points, 3)).astype(np.float32) if normals else None,
        views=[make_view(index) for index in range(views)],
        stamp=1_700_000_000_000_000_009,
        frame_id="map",
    )


def assert_same(a: Scene, b: Scene) -> None:
    def same(x: np.ndarray | None, y: np.ndarray | None) -> None:
        if x is None or y is None:
            assert x is y
        else:
            assert (x.dtype, x.shape, x.tobytes()) == (y.dtype, y.shape, y.tobytes())

    assert (a.stamp, a.frame_id, len(a.views)) == (b.stamp, b.frame_id, len(b.views))
    for name in ("points", "colors", "normals"):
        same(getattr(a, name), getattr(b, name))
    for u, v in zip(a.views, b.views, strict=True):
        assert (u.stamp, u.id, u.frame_id) == (v.stamp, v.id, v.frame_id)
        for name in ("color", "depth", "K", "T_scene_camera"):
            same(getattr(u, name), getattr(v, name))


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*") if path.is_file()}


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 3), st.integers(0, 100), st.integers(0, 2**31), st.booleans())
def test_loads_back_bit_equal(tmp_path_factory, views, points, seed, normals) -> None:
    folder = tmp_path_factory.mktemp("scene") / "deep" / "kitchen"
    scene = make_scene(views, points, seed, normals)
    save_scene(scene, folder)
    assert_same(load_scene(folder), scene)


def test_saving_again_replaces_the_scene_and_keeps_shared_images(tmp_path: Path) -> None:
    first = make_scene(3)
    save_scene(first, tmp_path / "s")
    image = next((tmp_path / "s" / "images").glob("color-*"))
    written = image.stat().st_mtime_ns
    second = Scene(first.points[:5], first.colors[:5], None, first.views[:2], 7, "odom")
    save_scene(second, tmp_path / "s")
    assert_same(load_scene(tmp_path / "s"), second)
    assert len(files(tmp_path / "s")) == 1 + 2 * 2
    kept = [p for p in (tmp_path / "s" / "images").iterdir() if p == image]
    assert all(path.stat().st_mtime_ns == written for path in kept)


def test_a_missing_scene_is_not_a_corrupt_one(tmp_path: Path) -> None:
    with pytest.raises(SceneNotFoundError):
        load_scene(tmp_path / "nothing")


def every_file(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("kind", ["index", "color", "depth"])
@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "zeros", "gone"])
def test_damage_is_found_in_every_file(tmp_path: Path, kind: str, damage: str) -> None:
    save_scene(make_scene(1, points=400), tmp_path)
    pattern = {"index": "*.npz", "color": "color-*", "depth": "depth-*"}[kind]
    path = next(tmp_path.rglob(pattern))
    data = bytearray(path.read_bytes())
    if damage == "gone":
        path.unlink()
    elif damage == "flip":
        start = len(data) // 4  # a run of bytes, since one may hit a date that nobody reads
        data[start : start + 200] = bytes(byte ^ 0xFF for byte in data[start : start + 200])
        path.write_bytes(data)
    else:
        content = {"cut": data[: len(data) // 2], "empty": b"", "zeros": bytes(len(data))}[damage]
        path.write_bytes(content)
    gone = kind == "index" and damage == "gone"
    with pytest.raises(SceneNotFoundError if gone else CorruptSceneError):
        load_scene(tmp_path)


def test_an_index_cannot_reach_outside_of_its_folder(tmp_path: Path) -> None:
    save_scene(make_scene(1), tmp_path / "a")
    with np.load(tmp_path / "a" / "scene.npz") as archive:
        arrays = dict(archive)
    arrays["view_color"] = np.array(["../../etc/passwd"])
    np.savez(tmp_path / "a" / "scene.npz", **arrays)
    with pytest.raises(CorruptSceneError, match="names an image"):
        load_scene(tmp_path / "a")


def test_a_pickle_is_never_opened(tmp_path: Path) -> None:
    np.savez(tmp_path / "scene.npz", version=np.array([{"a": 1}], object))
    with pytest.raises(CorruptSceneError):
        load_scene(tmp_path)


@pytest.mark.parametrize("damage", ["cut", "empty", "another"])
@pytest.mark.parametrize("kind", ["color", "depth"])
def test_saving_again_mends_a_damaged_image(tmp_path: Path, kind: str, damage: str) -> None:
    scene = make_scene(2)
    save_scene(scene, tmp_path)
    first, second = sorted((tmp_path / "images").glob(f"{kind}-*"))
    data = first.read_bytes()
    contents = {"cut": data[:-100], "empty": b"", "another": second.read_bytes()}[damage]
    first.write_bytes(contents)
    save_scene(scene, tmp_path)
    assert_same(load_scene(tmp_path), scene)


def rewritten(folder: Path, **changes: object) -> None:
    """Change, add or (None) remove arrays of a saved scene's index."""
    with np.load(folder / "scene.npz") as archive:
        arrays = {**archive, **changes}
    np.savez(folder / "scene.npz", **{k: v for k, v in arrays.items() if v is not None})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("version", np.zeros(2)),
        ("version", np.str_("x")),
        ("stamp", np.float64("inf")),
        ("stamp", np.zeros(3, np.int64)),
        ("frame_id", np.array(["map"])),
        ("points", np.float32(1)),
        ("points", np.zeros((50, 3))),
        ("points", np.zeros((50, 3), ">f4")),
        ("points", np.zeros((49, 3), np.float32)),
        ("points", np.full((50, 3), np.nan, np.float32)),
        ("points", None),
        ("normals", np.zeros((50, 3, 1), np.float32)),
        ("view_id", np.int64(3)),
        ("view_id", np.zeros(1, np.int64)),
        ("view_stamp", np.zeros(2, [("a", "i4"), ("b", "i4")])),
        ("view_K", np.zeros((1, 3, 3))),
        ("view_K", np.zeros((2, 3, 3))),
        ("view_color", np.str_("x")),
        ("view_color", np.array(["a" * 300] * 2)),
        ("view_color", np.array([".."] * 2)),
        ("extra", np.zeros(1)),
    ],
)
def test_an_index_of_other_kinds_of_arrays_is_corrupt(tmp_path: Path, name, value) -> None:
    save_scene(make_scene(2), tmp_path)
    rewritten(tmp_path, **{name: value})
    with pytest.raises(CorruptSceneError, match=str(tmp_path)):
        load_scene(tmp_path)


def test_a_format_to_come_is_named(tmp_path: Path) -> None:
    save_scene(make_scene(2), tmp_path)
    rewritten(tmp_path, version=np.int64(2), normals=None, surfels=np.zeros(3))
    with pytest.raises(CorruptSceneError, match="scene.npz has format 2, not 1"):
        load_scene(tmp_path)


def test_a_bare_array_is_no_scene(tmp_path: Path) -> None:
    with (tmp_path / "scene.npz").open("wb") as file:
        np.save(file, np.zeros(3))
    with pytest.raises(CorruptSceneError, match="scene.npz is damaged"):
        load_scene(tmp_path)


def test_a_full_disk_leaves_the_old_scene(tmp_path: Path, monkeypatch) -> None:
    old, new = make_scene(2, seed=1), make_scene(2, seed=2)
    save_scene(old, tmp_path / "s")
    before = files(tmp_path / "s")
    calls = 0

    def full(_descriptor: int) -> None:
        nonlocal calls
        calls += 1
        if calls >= 3:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(storage.os, "fsync", full)
    with pytest.raises(SceneStorageError, match="disk is full"):
        save_scene(new, tmp_path / "s")
    monkeypatch.undo()
    assert_same(load_scene(tmp_path / "s"), old)
    assert before <= files(tmp_path / "s")
    assert not any(name.startswith(".") for name in files(tmp_path / "s"))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_folder_that_is_a_file_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "s").write_text("")
    with pytest.raises(SceneStorageError, match="cannot save"):
        save_scene(make_scene(), tmp_path / "s")


def test_a_kill_at_any_moment_leaves_a_whole_scene(tmp_path: Path) -> None:
    """A child saves two scenes in turn for ever and is killed; one of the two is always there."""
    program = """
        import sys
        from pathlib import Path
        from r1_model.scene.storage import save_scene
        from tests.r1_model.scene.test_storage import make_scene
        scenes = [make_scene(2, seed=seed) for seed in (1, 2)]
        save_scene(scenes[0], sys.argv[1])
        print("go", flush=True)
        while True:
            for scene in reversed(scenes):
                save_scene(scene, sys.argv[1])
    """
    folder = tmp_path / "s"
    rng = np.random.default_rng(0)
    for _ in range(3):
        child = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(program), str(folder)],
            stdout=subprocess.PIPE,
            env=os.environ,
        )
        assert child.stdout.readline() == b"go\n"
        with pytest.raises(subprocess.TimeoutExpired):
            child.wait(rng.uniform(0.02, 0.15))
        child.kill()
        child.wait()
        loaded = load_scene(folder)
        first, second = (make_scene(2, seed=seed) for seed in (1, 2))
        assert_same(loaded, first if loaded.points[0, 0] == first.points[0, 0] else second)
