"""Nothing that a file can hold ends in anything but what it says, or an error with a name."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("rclpy")

from hypothesis import given
from hypothesis import strategies as st
from rosbags.rosbag2 import StoragePlugin

from r1_model.errors import R1Error
from r1_model.scene.scene import Scene, View
from r1_model.scene.storage import load_scene, save_scene
from r1_ros.bags.bag import Bag, BagError
from r1_ros.bags.recording import record
from r1_ros.bags.rgbd_folder import RgbdFolder, RgbdFolderError
from r1_ros.doctor.parameter_file import check_parameters
from r1_ros.evaluation.scenario import ScenarioError, read_scenario
from r1_ros.pictures.box_files import PredictionsError, read_predictions
from r1_ros.pictures.ply import PlyError, read_ply
from tests.conftest import write_rgbd_folder

pytestmark = pytest.mark.ros
# where in a file, and what is written there; a cut where nothing is
edits = st.tuples(st.floats(0, 1), st.one_of(st.just(b""), st.binary(min_size=1, max_size=64)))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=8,
)


def edited(whole: bytes, edit: tuple[float, bytes]) -> bytes:
    place = round(edit[0] * len(whole))
    if not edit[1]:
        return whole[:place]
    return whole[:place] + edit[1] + whole[place + len(edit[1]) :]


@pytest.fixture(scope="module", params=[StoragePlugin.MCAP, StoragePlugin.SQLITE3])
def bag(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bag")
    record(
        RgbdFolder.open(write_rgbd_folder(folder / "rgbd", 2)), folder / "b", storage=request.param
    )
    return folder / "b"


@given(st.lists(edits, min_size=1, max_size=3))
def test_any_bag(bag: Path, found: list) -> None:
    broken = bag.parent / "broken"
    shutil.rmtree(broken, ignore_errors=True)
    shutil.copytree(bag, broken)
    file = next(f for f in broken.iterdir() if f.name != "metadata.yaml")
    data = file.read_bytes()
    for edit in found:
        data = edited(data, edit)
    file.write_bytes(data)
    try:
        with Bag(broken) as opened:
            assert sum(1 for _ in opened.messages()) <= 1 + 2 * 4
    except BagError as error:
        assert "broken" in str(error)


@given(st.lists(edits, min_size=1, max_size=2))
def test_any_metadata_of_a_bag(bag: Path, found: list) -> None:
    broken = bag.parent / "broken_metadata"
    shutil.rmtree(broken, ignore_errors=True)
    shutil.copytree(bag, broken)
    data = (broken / "metadata.yaml").read_bytes()
    for edit in found:
        data = edited(data, edit)
    (broken / "metadata.yaml").write_bytes(data)
    with Bag(broken) as opened:  # the files tell what there is
        assert sum(1 for _ in opened.messages()) == 1 + 2 * 4


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(0)
    view = View(
        color=rng.integers(0, 255, (6, 8, 3), np.uint8),
        depth=np.full((6, 8), 1.5, np.float32),
        K=np.array([[8.0, 0, 4], [0, 8, 3], [0, 0, 1]]),
        T_scene_camera=np.eye(4),
    )
    points = rng.normal(size=(20, 3)).astype(np.float32)
    folder = tmp_path_factory.mktemp("snapshot")
    scene = Scene(points=points, colors=np.zeros((20, 3), np.uint8), views=[view])
    save_scene(scene, folder / "s")
    return folder / "s"


@given(edits, st.integers(0, 9))
def test_any_snapshot(snapshot: Path, edit: tuple, which: int) -> None:
    broken = snapshot.parent / "broken"
    shutil.rmtree(broken, ignore_errors=True)
    shutil.copytree(snapshot, broken)
    files = sorted(f for f in broken.rglob("*") if f.is_file())
    file = files[which % len(files)]
    file.write_bytes(edited(file.read_bytes(), edit))
    try:
        scene = load_scene(broken)
        assert np.isfinite(scene.points).all()
    except R1Error as error:
        assert str(error)


@given(st.sampled_from(["camera.json", "trajectory.txt"]), st.lists(edits, min_size=1, max_size=2))
def test_any_rgbd_folder(tmp_path_factory, name: str, found: list) -> None:  # noqa: ANN001
    folder = tmp_path_factory.getbasetemp() / "fuzzed_rgbd"
    if not folder.exists():
        write_rgbd_folder(folder, 2)
    whole = (folder / name).read_bytes()
    data = whole
    for edit in found:
        data = edited(data, edit)
    try:
        (folder / name).write_bytes(data)
        RgbdFolder.open(folder)
    except RgbdFolderError as error:
        assert str(folder) in str(error)
    finally:
        (folder / name).write_bytes(whole)


@given(st.one_of(values.map(json.dumps), st.text()).map(str.encode) | st.binary())
def test_any_text_file(tmp_path_factory, data: bytes) -> None:  # noqa: ANN001
    path = tmp_path_factory.getbasetemp() / "fuzzed.json"
    path.write_bytes(data)
    for check in check_parameters(path):
        assert check.status in ("ok", "warn", "fail") and check.detail
    for read, error in (
        (lambda: read_scenario(path, None, None), ScenarioError),
        (lambda: read_scenario(path, path, None), ScenarioError),
        (lambda: read_scenario(None, None, path), ScenarioError),
        (lambda: read_predictions(path), PredictionsError),
    ):
        try:
            read()
        except error as found:
            assert "fuzzed.json" in str(found) or "questions" in str(found)


@given(edits)
def test_any_ply(tmp_path_factory, edit: tuple) -> None:  # noqa: ANN001
    path = tmp_path_factory.getbasetemp() / "fuzzed.ply"
    head = "ply\nformat ascii 1.0\nelement vertex 2\n"
    head += "".join(f"property float {axis}\n" for axis in "xyz")
    path.write_bytes(edited((head + "end_header\n0 0 0\n1 1 1\n").encode(), edit))
    try:
        points, colors = read_ply(path)
        assert len(points) == len(colors) and np.isfinite(points).all()
    except PlyError as error:
        assert "fuzzed.ply" in str(error)
