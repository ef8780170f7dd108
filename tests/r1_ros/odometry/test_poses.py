"""`r1 poses`: a room whose poses are known exactly, followed without them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from scipy.spatial.transform import Rotation
from typer.testing import CliRunner

from r1_model.geometry.poses import invert_pose
from r1_ros.bags.recording import record
from r1_ros.bags.rgbd_folder import RgbdFolder, RgbdFolderError
from r1_ros.cli.main import app
from r1_ros.odometry.camera_motion import camera_motion, look
from r1_ros.odometry.folder_poses import TrackingLostError, find_poses
from r1_ros.odometry.upright import upright
from r1_ros.pictures.ply import read_ply
from tests.r1_ros.odometry.box_room import BLOCK, poses, see, write_folder

COUNT = 16


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_folder(tmp_path_factory.mktemp("rendered") / "room", poses(COUNT))


@pytest.fixture
def folder(rendered: Path, tmp_path: Path) -> Path:
    shutil.copytree(rendered, tmp_path / "room")
    return tmp_path / "room"


def run(*arguments: object) -> str:
    result = CliRunner().invoke(app, ["poses", *map(str, arguments)])
    return result.output if result.exit_code == 0 else f"failed: {result.exception}"


def steps(found: np.ndarray) -> np.ndarray:
    return np.stack([invert_pose(a) @ b for a, b in zip(found, found[1:], strict=False)])


def drift_m(found: np.ndarray, true: np.ndarray) -> float:
    """How far off the last place is where both begin alike."""
    there = invert_pose(found[0]) @ found[-1]
    return float(np.linalg.norm((there - invert_pose(true[0]) @ true[-1])[:3, 3]))


def test_a_folder_gets_its_poses_and_a_cloud(folder: Path) -> None:
    said = run(folder)
    assert f"{COUNT} poses" in said and "points" in said
    found = np.stack([frame.pose for frame in RgbdFolder.open(folder).frames])
    true = np.stack(poses(COUNT))
    assert drift_m(found, true) < 0.02  # of 0.47 m
    off = Rotation.from_matrix(np.swapaxes(steps(found), 1, 2)[:, :3, :3] @ steps(true)[:, :3, :3])
    assert np.degrees(off.magnitude()).max() < 0.5
    # upright, and on the floor
    assert found[0][2, :3] == pytest.approx(true[0][2, :3], abs=0.02)
    assert found[0][2, 3] == pytest.approx(true[0][2, 3], abs=0.05)
    points, _ = read_ply(folder / "cloud.ply")
    tops = invert_pose(true[0]) @ np.array([*BLOCK.mean(0)[:2], BLOCK[1, 2], 1])
    top = found[0] @ tops
    assert np.linalg.norm(points - top[:3], axis=1).min() < 0.05
    again = run(folder)
    assert "has poses" in again and "trajectory.txt" in again


def test_a_bag_without_tf(folder: Path, tmp_path: Path) -> None:
    run(folder)
    record(RgbdFolder.open(folder), tmp_path / "bag", compressed=True)
    assert "--out FOLDER says where" in run(tmp_path / "bag")
    said = run(tmp_path / "bag", "--out", tmp_path / "out")
    assert f"{COUNT} images" in said and f"{COUNT} poses" in said
    opened = RgbdFolder.open(tmp_path / "out")
    assert drift_m(np.stack([f.pose for f in opened.frames]), np.stack(poses(COUNT))) < 0.03
    assert opened.frames[1].time - opened.frames[0].time == pytest.approx(0.1)
    for there in ("out", "bag"):
        assert "exists already" in run(tmp_path / "bag", "--out", tmp_path / there)
    missing = run(tmp_path / "bag", "--out", tmp_path / "x", "--depth-topic", "/d")
    assert "no images or intrinsics at /d" in missing and "/depth/image/compressedDepth" in missing
    assert not (tmp_path / "x").exists()  # so that the next try works


def test_a_jump_is_told_with_the_frames_beside_it(tmp_path: Path) -> None:
    views = poses(4)
    turned = views[3].copy()
    turned[:3, :3] = turned[:3, :3] @ Rotation.from_euler("y", 100, degrees=True).as_matrix()
    path = write_folder(tmp_path / "room", [*views[:3], turned])
    with pytest.raises(TrackingLostError, match="between frames 000002 and 000003.*number 4 of 4"):
        find_poses(RgbdFolder.open(path, posed=False), 4.0)
    assert "tracking is lost" in run(path) and not (path / "trajectory.txt").exists()


def test_a_blind_camera_is_told(folder: Path) -> None:
    blind = folder / "depth" / "000003.png"
    cv2.imwrite(str(blind), np.zeros_like(cv2.imread(str(blind), cv2.IMREAD_UNCHANGED)))
    assert "000003.png: 0 of 43200 pixels hold depth" in run(folder)


def test_names_that_are_seconds_are_the_times(folder: Path) -> None:
    for kind in ("color", "depth"):
        for number, path in enumerate(sorted((folder / kind).iterdir())):
            path.rename(path.with_name(f"{90 + 5 * number}.5.png"))
    times = [frame.time for frame in RgbdFolder.open(folder, posed=False).frames]
    assert times[:3] == [90.5, 95.5, 100.5] and times == sorted(times)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda f: (f / "depth" / "000002.png").unlink(), "no depth image"),
        (lambda f: shutil.rmtree(f / "color"), "no images in"),
        (lambda f: [p.unlink() for p in (f / "color").iterdir() if p.stem > "000000"],
         "1 frames; poses need two"),
    ],
)  # fmt: skip
def test_a_folder_that_is_not_whole(folder: Path, spoil, says: str) -> None:
    spoil(folder)
    with pytest.raises(RgbdFolderError, match=says):
        find_poses(RgbdFolder.open(folder, posed=False), 4.0)


def test_depth_in_other_units(folder: Path) -> None:
    camera = json.loads((folder / "camera.json").read_text()) | {"depth_scale_m": 0.0002}
    (folder / "camera.json").write_text(json.dumps(camera))
    for path in (folder / "depth").iterdir():
        depth = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        cv2.imwrite(str(path), (depth * 5).astype(np.uint16))
    found = find_poses(RgbdFolder.open(folder, posed=False), 4.0)
    assert drift_m(found.poses, np.stack(poses(COUNT))) < 0.02


def test_one_step_without_features() -> None:
    """A bare picture: the shape alone is aligned, and nothing claims that features agreed."""
    first, second = poses(2, step=0.02)
    K = np.array([[200.0, 0, 120], [0, 200, 90], [0, 0, 1]])
    bare = [look(np.full_like(color, 128), depth) for color, depth in map(see, (first, second))]
    motion = camera_motion(*bare, K, 4.0)
    assert motion.features == 0 and motion.fitness > 0.8
    off = motion.T_earlier_later - invert_pose(first) @ second
    assert np.abs(off).max() < 0.01
    nothing = look(np.zeros((180, 240, 3), np.uint8), np.zeros((180, 240), np.uint16))
    assert camera_motion(nothing, nothing, K, 4.0).fitness == 0


@pytest.mark.parametrize("tilt", [0, 25])
def test_up_is_told_by_planes(tilt: float) -> None:
    rng = np.random.default_rng(0)
    floor = np.column_stack([rng.uniform(0, 4, (4000, 2)), np.zeros(4000)])
    wall = np.column_stack([np.zeros(4000), rng.uniform(0, 3, (4000, 2))])
    R = Rotation.from_euler("xyz", [200, 10, 30], degrees=True).as_matrix()
    points = np.vstack([floor, wall]) @ R.T
    guess = R @ Rotation.from_euler("x", tilt, degrees=True).apply([0, 0, 1])
    T, levelled = upright(points, guess, R @ [1, 0, 0])
    assert levelled
    assert T[:3, :3] @ R == pytest.approx(np.eye(3), abs=0.01)
    assert T[2, 3] == pytest.approx(0, abs=0.02)


def test_without_planes_the_pictures_are_believed() -> None:
    few = np.random.default_rng(0).uniform(0, 3, (100, 3))
    T, levelled = upright(few, np.array([0.0, 0, 1]), np.array([0.0, 0, 1]))
    assert not levelled and T[2, :3] == pytest.approx([0, 0, 1])
    assert np.linalg.det(T[:3, :3]) == pytest.approx(1)
