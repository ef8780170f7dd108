"""`r1 record`: what stands in the bag is what stood in the folder."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from rosbags.interfaces import QosDurability
from rosbags.rosbag2 import Reader, StoragePlugin
from rosbags.typesys import Stores, get_typestore
from scipy.spatial.transform import Rotation

from r1_ros.bags.bag import Bag
from r1_ros.bags.recording import RecordError, frame_stamps, record
from r1_ros.bags.rgbd_folder import RgbdFolder, RgbdFolderError
from tests.conftest import write_rgbd_folder

TYPES = get_typestore(Stores.ROS2_JAZZY)


def read(bag: Path) -> dict[str, list]:
    messages: dict[str, list] = {}
    with Reader(bag) as reader:
        for connection, time, data in reader.messages():
            message = TYPES.deserialize_cdr(data, connection.msgtype)
            messages.setdefault(connection.topic, []).append((time, message))
    return messages


def matrix(transform) -> np.ndarray:  # noqa: ANN001
    T = np.eye(4)
    q, t = transform.rotation, transform.translation
    T[:3, :3] = Rotation.from_quat([q.x, q.y, q.z, q.w]).as_matrix()
    T[:3, 3] = (t.x, t.y, t.z)
    return T


@pytest.mark.parametrize("storage", [StoragePlugin.MCAP, StoragePlugin.SQLITE3])
def test_bag_holds_the_folder(rgbd_folder: Path, tmp_path: Path, storage: StoragePlugin) -> None:
    folder = RgbdFolder.open(rgbd_folder)
    progress = []
    summary = record(
        folder, tmp_path / "bag", storage=storage, on_frame=lambda *done: progress.append(done)
    )
    assert (summary.frames, summary.seconds) == (6, 0.5)
    assert progress[-1] == (6, 6)
    topics = read(tmp_path / "bag")
    assert {name: len(messages) for name, messages in topics.items()} == {
        "/tf_static": 1, "/tf": 6, "/color/camera_info": 6, "/color/image": 6, "/depth/image": 6
    }  # fmt: skip
    static = matrix(topics["/tf_static"][0][1].transforms[0].transform)
    for index, frame in enumerate(folder.frames):
        time, color = topics["/color/image"][index]
        assert color.encoding == "rgb8"
        pixels = color.data.reshape(color.height, color.width, 3)
        np.testing.assert_array_equal(pixels, folder.read_color(frame))
        depth = topics["/depth/image"][index][1]
        assert (depth.encoding, depth.step) == ("16UC1", 128)
        millimetres = depth.data.view(np.uint16).reshape(48, 64)
        np.testing.assert_array_equal(millimetres, folder.read_depth(frame))
        info = topics["/color/camera_info"][index][1]
        np.testing.assert_array_equal(info.k.reshape(3, 3), folder.K)
        transform = topics["/tf"][index][1].transforms[0]
        stamp = color.header.stamp
        assert stamp == depth.header.stamp == info.header.stamp == transform.header.stamp
        assert stamp.sec * 10**9 + stamp.nanosec == time == frame_stamps(folder)[index]
        np.testing.assert_allclose(matrix(transform.transform) @ static, frame.pose, atol=1e-12)
    assert color.header.frame_id == topics["/tf_static"][0][1].transforms[0].child_frame_id


def test_static_transform_is_latched(rgbd_folder: Path, tmp_path: Path) -> None:
    record(RgbdFolder.open(rgbd_folder), tmp_path / "bag")
    with Reader(tmp_path / "bag") as reader:
        durability = {c.topic: c.ext.offered_qos_profiles[0].durability for c in reader.connections}
    assert durability["/tf_static"] is QosDurability.TRANSIENT_LOCAL
    assert durability["/tf"] is QosDurability.VOLATILE


def test_compressed_bag_decodes_to_the_same_images(rgbd_folder: Path, tmp_path: Path) -> None:
    folder = RgbdFolder.open(rgbd_folder)
    record(folder, tmp_path / "bag", compressed=True)
    topics = read(tmp_path / "bag")
    color = topics["/color/image/compressed"][3][1]
    decoded = cv2.imdecode(color.data, cv2.IMREAD_COLOR_RGB)
    np.testing.assert_array_equal(decoded, folder.read_color(folder.frames[3]))
    depth = topics["/depth/image/compressedDepth"][3][1]
    assert depth.format == "16UC1; compressedDepth png"
    decoded = cv2.imdecode(depth.data[12:], cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(decoded, folder.read_depth(folder.frames[3]))


def test_other_depth_units_become_metres(rgbd_folder: Path, tmp_path: Path) -> None:
    camera = json.loads((rgbd_folder / "camera.json").read_text())
    (rgbd_folder / "camera.json").write_text(json.dumps(camera | {"depth_scale_m": 0.0002}))
    folder = RgbdFolder.open(rgbd_folder)
    record(folder, tmp_path / "bag")
    depth = read(tmp_path / "bag")["/depth/image"][0][1]
    assert depth.encoding == "32FC1"
    metres = depth.data.view(np.float32).reshape(48, 64)
    np.testing.assert_allclose(metres, folder.read_depth(folder.frames[0]) * 0.0002, rtol=1e-6)
    with pytest.raises(RecordError, match="0.0002"):
        record(folder, tmp_path / "compressed", compressed=True)


def test_stamps_are_exact_and_never_zero(rgbd_folder: Path) -> None:
    stamps = frame_stamps(RgbdFolder.open(rgbd_folder))
    assert np.diff(stamps).tolist() == [100_000_000] * 5
    assert stamps[0] > 10**18


def test_damaged_image_leaves_no_bag(rgbd_folder: Path, tmp_path: Path) -> None:
    (rgbd_folder / "color" / "000004.png").write_bytes(b"\x89PNG")
    with pytest.raises(RgbdFolderError, match="000004.png"):
        record(RgbdFolder.open(rgbd_folder), tmp_path / "bag")
    assert not (tmp_path / "bag").exists()


@pytest.mark.parametrize("storage", [StoragePlugin.MCAP, StoragePlugin.SQLITE3])
def test_interrupt_leaves_no_bag(rgbd_folder: Path, tmp_path: Path, storage: StoragePlugin) -> None:
    def interrupt(done: int, _: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    folder = RgbdFolder.open(rgbd_folder)
    with pytest.raises(KeyboardInterrupt):
        record(folder, tmp_path / "bag", storage=storage, on_frame=interrupt)
    assert not (tmp_path / "bag").exists()
    assert record(folder, tmp_path / "bag", storage=storage).frames == 6


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_command_stopped_by_a_signal_leaves_no_bag(tmp_path: Path, number: int) -> None:
    # long enough not to be done before the signal comes, whatever the machine is busy with
    folder = write_rgbd_folder(tmp_path / "rgbd", 2, 640, 480)
    lines = []
    for index in range(2, 1_500):
        for kind in ("color", "depth"):
            (folder / kind / f"{index:06d}.png").hardlink_to(folder / kind / "000000.png")
        lines.append(f"{index / 10:.6f} 0 0 1.5 -0.5 0.5 -0.5 0.5 {index:06d}\n")
    with (folder / "trajectory.txt").open("a") as file:
        file.writelines(lines)
    process = subprocess.Popen(
        [sys.executable, "-m", "r1_ros.cli.main", "record", folder, tmp_path / "bag"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    deadline = time.monotonic() + 30.0
    while not (tmp_path / "bag").exists():
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.002)
    process.send_signal(number)
    _, err = process.communicate(timeout=30.0)
    assert process.returncode == 1
    assert "interrupted" in err and "Traceback" not in err
    assert not (tmp_path / "bag").exists()


def test_existing_bag_is_not_overwritten(rgbd_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "bag").mkdir()
    with pytest.raises(RecordError, match="exists already"):
        record(RgbdFolder.open(rgbd_folder), tmp_path / "bag")


def test_unwritable_target(rgbd_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RecordError, match="cannot write"):
        record(RgbdFolder.open(rgbd_folder), tmp_path / "file" / "bag")


@pytest.mark.parametrize("storage", [StoragePlugin.MCAP, StoragePlugin.SQLITE3])
@pytest.mark.parametrize("name", ["run #2", "what?/half %41"])
def test_any_name_of_a_bag_works(rgbd_folder: Path, tmp_path: Path, name: str, storage) -> None:
    out = tmp_path / name
    record(RgbdFolder.open(rgbd_folder), out, storage=storage)
    with Bag(out) as bag:
        assert bag.damage is None and bag.count == 1 + 6 * 4
    (rgbd_folder / "color" / "000003.png").write_bytes(b"no image")
    with pytest.raises(RgbdFolderError):
        record(RgbdFolder.open(rgbd_folder), tmp_path / "x#", storage=storage)
    assert not list(tmp_path.glob("x*"))


def test_exif_turns_nothing(tmp_path: Path) -> None:
    """Depth and intrinsics belong to the raster of the sensor."""
    path = write_rgbd_folder(tmp_path / "rgbd", frames=1)
    png = path / "color" / "000000.png"
    before = RgbdFolder.open(path)
    pixels = before.read_color(before.frames[0])
    exif = Image.Exif()
    exif[0x112] = 3
    Image.fromarray(pixels).save(png, exif=exif)
    turned = cv2.imread(str(png))[..., ::-1]
    assert (turned == pixels[::-1, ::-1]).all()  # the test would fail with EXIF obeyed
    after = RgbdFolder.open(path)
    np.testing.assert_array_equal(after.read_color(after.frames[0]), pixels)
