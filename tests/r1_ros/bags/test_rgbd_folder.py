"""Reading RGB-D folders."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from r1_ros.bags.rgbd_folder import RgbdFolder, RgbdFolderError


def edit_camera(folder: Path, **changes: object) -> None:
    path = folder / "camera.json"
    camera = json.loads(path.read_text()) | changes
    path.write_text(json.dumps({k: v for k, v in camera.items() if v is not None}))


def edit_pose(folder: Path, line: int, text: str) -> None:
    path = folder / "trajectory.txt"
    lines = path.read_text().splitlines()
    lines[line] = text
    path.write_text("\n".join(lines))


def test_reads_camera_trajectory_and_images(rgbd_folder: Path) -> None:
    folder = RgbdFolder.open(rgbd_folder)
    assert (folder.width, folder.height, folder.rate_hz) == (64, 48, 10.0)
    np.testing.assert_array_equal(folder.K, [[60, 0, 32], [0, 60, 24], [0, 0, 1]])
    assert [frame.name for frame in folder.frames] == [f"{i:06d}" for i in range(6)]
    frame = folder.frames[2]
    assert frame.time == 0.2
    np.testing.assert_allclose(frame.pose[:3, 3], [0.2, 0, 1.5])
    # The optical axis of this pose is the map's x axis, image down is the map's -z.
    np.testing.assert_allclose(frame.pose[:3, :3] @ [0, 0, 1], [1, 0, 0], atol=1e-12)
    np.testing.assert_allclose(frame.pose[:3, :3] @ [0, 1, 0], [0, 0, -1], atol=1e-12)


def test_color_is_rgb_and_invalid_depth_is_zero(rgbd_folder: Path) -> None:
    folder = RgbdFolder.open(rgbd_folder)
    bgr = cv2.imread(str(rgbd_folder / "color" / "000001.png"))
    np.testing.assert_array_equal(folder.read_color(folder.frames[1]), bgr[..., ::-1])
    depth = folder.read_depth(folder.frames[1])
    assert depth.dtype == np.uint16
    assert depth[0, :4].tolist() == [0, 0, 1234, 3400]


def test_kitchen(kitchen: Path) -> None:
    folder = RgbdFolder.open(kitchen)
    assert len(folder.frames) == 167
    depth = folder.read_depth(folder.frames[0])
    assert depth.max() < 65535
    assert Rotation.from_quat(folder.frames[0].quaternion).magnitude() > 0


@pytest.mark.parametrize("value", [None, "640", 0, -5, float("nan")])
def test_bad_camera_value_is_named(rgbd_folder: Path, value: object) -> None:
    edit_camera(rgbd_folder, fx=value)
    with pytest.raises(RgbdFolderError, match="fx must be a number above 0"):
        RgbdFolder.open(rgbd_folder)


def test_camera_that_is_no_json(rgbd_folder: Path) -> None:
    (rgbd_folder / "camera.json").write_bytes(b"\xff\xfe{")
    with pytest.raises(RgbdFolderError, match="camera.json:1: byte 0x.* is not utf-16"):
        RgbdFolder.open(rgbd_folder)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("0.2 0 0 1 0 0 0 1", "got 8 fields"),
        ("0.2 0 0 x 0 0 0 1 000002", "could not convert"),
        ("0.2 nan 0 1 0 0 0 1 000002", "must be finite"),
        ("0.2 0 0 1 0 0 0 0 000002", "unit quaternion"),
        ("0.05 0 0 1 0 0 0 1 000002", "not after the last one"),
        ("0.2 0 0 1 0 0 0 1 nowhere", "no colour image"),
    ],
)
def test_bad_pose_names_its_line(rgbd_folder: Path, line: str, message: str) -> None:
    edit_pose(rgbd_folder, 3, line)
    with pytest.raises(RgbdFolderError, match=message) as caught:
        RgbdFolder.open(rgbd_folder)
    assert "trajectory.txt:4" in str(caught.value)


@pytest.mark.parametrize("missing", ["camera.json", "trajectory.txt", "depth/000003.png"])
def test_missing_file_is_named(rgbd_folder: Path, missing: str) -> None:
    (rgbd_folder / missing).unlink()
    with pytest.raises(RgbdFolderError, match=missing):
        RgbdFolder.open(rgbd_folder)


def test_missing_folder_and_empty_trajectory(rgbd_folder: Path) -> None:
    with pytest.raises(RgbdFolderError, match="no such folder"):
        RgbdFolder.open(rgbd_folder / "nowhere")
    (rgbd_folder / "trajectory.txt").write_text("# nothing\n")
    with pytest.raises(RgbdFolderError, match="holds no pose"):
        RgbdFolder.open(rgbd_folder)


def test_images_of_another_size_or_depth(rgbd_folder: Path) -> None:
    folder = RgbdFolder.open(rgbd_folder)
    cv2.imwrite(str(rgbd_folder / "color" / "000000.png"), np.zeros((24, 32, 3), np.uint8))
    with pytest.raises(RgbdFolderError, match="32x24.*64x48"):
        folder.read_color(folder.frames[0])
    cv2.imwrite(str(rgbd_folder / "depth" / "000000.png"), np.zeros((48, 64), np.uint8))
    with pytest.raises(RgbdFolderError, match="uint8.*uint16"):
        folder.read_depth(folder.frames[0])
    (rgbd_folder / "depth" / "000001.png").write_bytes(b"no image")
    with pytest.raises(RgbdFolderError, match="not a readable image"):
        folder.read_depth(folder.frames[1])


def rewrite(folder: Path, change) -> None:
    path = folder / "trajectory.txt"
    lines = [line.split(maxsplit=1) for line in path.read_text().splitlines() if line[0] != "#"]
    path.write_text("".join(f"{change(float(time))} {rest}\n" for time, rest in lines))


@pytest.mark.parametrize("scale", [1e3, 1e6, 1e9])
@pytest.mark.parametrize("origin", [0.0, 1.7e9])
def test_times_in_another_unit_are_named(rgbd_folder: Path, scale: float, origin: float) -> None:
    rewrite(rgbd_folder, lambda time: int((origin + time) * scale))
    with pytest.raises(RgbdFolderError, match=r"trajectory.txt:[12]: time.*seconds"):
        RgbdFolder.open(rgbd_folder)


@pytest.mark.parametrize("time", ["-1.0", "nan", "1e300"])
def test_times_that_ros_cannot_hold_are_named(rgbd_folder: Path, time: str) -> None:
    edit_pose(rgbd_folder, 0, f"{time} 0 0 0 0 0 0 1 000000")
    with pytest.raises(RgbdFolderError, match="trajectory.txt:1: "):
        RgbdFolder.open(rgbd_folder)


@pytest.mark.parametrize(("value", "expected"), [(7, (7,)), ([0, 9], (0, 9)), ([], ())])
def test_invalid_depth_as_one_number_or_several(rgbd_folder: Path, value, expected) -> None:
    edit_camera(rgbd_folder, depth_invalid=value)
    assert RgbdFolder.open(rgbd_folder).depth_invalid == expected


def test_invalid_depth_that_is_null(rgbd_folder: Path) -> None:
    path = rgbd_folder / "camera.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"depth_invalid": None}))
    assert RgbdFolder.open(rgbd_folder).depth_invalid == ()


@pytest.mark.parametrize("value", [["0"], "0", -1, 70000, 0.5, {"a": 1}])
def test_invalid_depth_that_is_none_is_named(rgbd_folder: Path, value) -> None:
    edit_camera(rgbd_folder, depth_invalid=value)
    with pytest.raises(RgbdFolderError, match="camera.json: depth_invalid must hold"):
        RgbdFolder.open(rgbd_folder)


@pytest.mark.parametrize("name", ["camera.json", "trajectory.txt"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_marked_encodings_are_read(rgbd_folder: Path, name: str, encoding: str) -> None:
    path = rgbd_folder / name
    path.write_bytes(path.read_text().encode(encoding))
    assert len(RgbdFolder.open(rgbd_folder).frames) == 6


@pytest.mark.parametrize("name", ["camera.json", "trajectory.txt"])
@pytest.mark.parametrize("data", [b"\n# K\xfcche\n", b"\n\xff\xfe\x00"])
def test_other_encodings_are_named_with_their_line(rgbd_folder: Path, name: str, data) -> None:
    path = rgbd_folder / name
    path.write_bytes(data + path.read_bytes())
    with pytest.raises(RgbdFolderError, match=f"{name}:2: byte 0xf[cf] is not utf-8"):
        RgbdFolder.open(rgbd_folder)


@pytest.mark.parametrize("name", ["../000000", "..", "/etc/passwd"])
def test_frames_lie_in_their_folder(rgbd_folder: Path, name: str) -> None:
    edit_pose(rgbd_folder, 0, f"0.0 0 0 0 0 0 0 1 {name}")
    with pytest.raises(RgbdFolderError, match="is no name of a frame"):
        RgbdFolder.open(rgbd_folder)
