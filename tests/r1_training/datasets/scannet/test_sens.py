import cv2
import numpy as np
import pytest

from r1_training.datasets.errors import FileFormatError
from r1_training.datasets.scannet.sens import (
    _header,
    posed_frames,
    posed_sens_frames,
    read_frames,
    read_sens,
)
from tests.r1_training.scannet_fixture import ALIGNMENT, write_sens


def test_header(tmp_path):
    path = write_sens(tmp_path / "s.sens", frames=7)
    with path.open("rb") as file:
        header = _header(path, file)
    assert (header.sensor, header.frames) == ("StructureSensor", 7)
    assert header.color_size == (64, 48) and header.depth_size == (32, 24)
    assert header.K_depth[0, 0] == 30 and header.depth_shift == 1000


def test_frames_become_views_without_lost_poses(tmp_path):
    views = list(read_sens(write_sens(tmp_path / "s.sens")))
    assert [view.id for view in views] == [0, 2]
    view = views[1]
    assert view.depth.shape == (24, 32) and np.allclose(view.depth, 1.502)
    assert view.color.shape == (24, 32, 3)
    # BGR (200, 100, 50) on the right half is RGB (50, 100, 200).
    assert np.abs(view.color[:, 20:].astype(int) - (50, 100, 200)).max() < 12
    assert view.color[:, :12].max() < 12
    assert view.T_scene_camera[0, 3] == 2 and view.stamp == 2_000_000


def test_chosen_frames_and_alignment(tmp_path):
    path = write_sens(tmp_path / "s.sens", frames=5, lost=())
    views = list(read_sens(path, ALIGNMENT, chosen=(0, 2, 4)))
    assert [view.id for view in views] == [0, 2, 4]
    np.testing.assert_allclose(views[1].T_scene_camera, ALIGNMENT @ _shift(2), atol=1e-6)


def test_colour_is_moved_to_the_depth_camera(tmp_path):
    # A colour camera with another focal length sees the same edge elsewhere.
    from r1_training.datasets.scannet.sens import SensHeader, _at_depth_camera

    K_depth = np.array([[30.0, 0, 15.5], [0, 30, 11.5], [0, 0, 1]])
    K_color = np.array([[120.0, 0, 31.5], [0, 120, 23.5], [0, 0, 1]])
    header = SensHeader("s", K_color, K_depth, "jpeg", "zlib", (64, 48), (32, 24), 1000.0, 1)
    color = np.zeros((48, 64, 3), np.uint8)
    color[:, 48:] = 255  # starts at (48 - 31.5) / 120 = 0.1375 of the focal length
    seen = _at_depth_camera(color, header)[12, :, 0]
    edge = int(np.argmax(seen > 127))
    assert edge == pytest.approx(15.5 + 30 * 0.1375, abs=1)


@pytest.mark.parametrize("keep", [3, 40, 300, 380, 600])
def test_truncated_files_are_refused(tmp_path, keep):
    path = write_sens(tmp_path / "s.sens")
    path.write_bytes(path.read_bytes()[:keep])
    for read in (read_sens, posed_sens_frames):
        with pytest.raises(FileFormatError, match="ends in"):
            list(read(path))


def test_poses_are_found_without_images(tmp_path):
    path = write_sens(tmp_path / "s.sens", frames=6, lost=(0, 4))
    assert posed_sens_frames(path) == [1, 2, 3, 5]
    folder = _extract(tmp_path, list(read_sens(path)))
    assert posed_frames(folder) == [2, 3, 5]  # `_extract` loses frame 1
    assert [view.id for view in read_frames(folder, chosen=(1, 3, 5))] == [3, 5]


def test_other_versions_and_broken_images_are_refused(tmp_path):
    path = write_sens(tmp_path / "s.sens", frames=1, lost=())
    data = bytearray(path.read_bytes())
    data[-14:-8] = bytes(6)
    path.write_bytes(data)
    with pytest.raises(FileFormatError, match="frame 0: the depth image"):
        list(read_sens(path))
    path.write_bytes(b"\x03\0\0\0" + bytes(20))
    with pytest.raises(FileFormatError, match="version 4"):
        list(read_sens(path))


def test_extracted_folders_give_the_same_views(tmp_path):
    expected = list(read_sens(write_sens(tmp_path / "s.sens")))
    folder = _extract(tmp_path, expected)
    views = list(read_frames(folder))
    assert [view.id for view in views] == [0, 2]
    for view, other in zip(views, expected, strict=True):
        np.testing.assert_allclose(view.depth, other.depth, atol=1e-6)
        np.testing.assert_allclose(view.T_scene_camera, other.T_scene_camera)
        np.testing.assert_allclose(view.K, other.K)
        assert np.abs(view.color.astype(int) - other.color).mean() < 4


def test_extracted_folders_name_what_is_missing(tmp_path):
    folder = _extract(tmp_path, list(read_sens(write_sens(tmp_path / "s.sens"))))
    (folder / "depth" / "2.png").unlink()
    with pytest.raises(FileFormatError, match=r"depth/2\.png"):
        list(read_frames(folder))
    (folder / "pose" / "0.txt").write_text("1 2 3")
    with pytest.raises(FileFormatError, match="not a 4x4 matrix"):
        list(read_frames(folder))
    with pytest.raises(FileFormatError, match="intrinsics_color"):
        list(read_frames(tmp_path / "empty"))


def _extract(tmp_path, views):
    folder = tmp_path / "exported"
    for name in ("color", "depth", "pose", "intrinsic"):
        (folder / name).mkdir(parents=True)
    for view in views:
        cv2.imwrite(str(folder / "color" / f"{view.id}.jpg"), view.color[..., ::-1])
        depth = (view.depth * 1000).round().astype(np.uint16)
        cv2.imwrite(str(folder / "depth" / f"{view.id}.png"), depth)
        np.savetxt(folder / "pose" / f"{view.id}.txt", view.T_scene_camera)
    np.savetxt(folder / "pose" / "1.txt", np.full((4, 4), -np.inf))
    K = np.eye(4)
    K[:3, :3] = views[0].K
    for kind in ("color", "depth"):
        np.savetxt(folder / "intrinsic" / f"intrinsic_{kind}.txt", K)
    return folder


def _shift(x):
    T = np.eye(4)
    T[0, 3] = x
    return T


@pytest.mark.parametrize(
    ("offset", "content", "message"),
    [
        (27, b"\0" * 64, "intrinsics of colour are no camera's"),
        (27 + 128, b"\0\0\xc0\x7f" * 16, "intrinsics of depth are no camera's"),
        (27 + 256 + 36, np.diag([2, 2, 2, 1]).astype("<f4").tobytes(), "frame 0: .* not rigid"),
        (27 + 256 + 36, np.diag([-1, 1, 1, 1]).astype("<f4").tobytes(), "frame 0: .* not rigid"),
    ],
)
def test_cameras_that_are_none_are_named(tmp_path, offset, content, message):
    path = write_sens(tmp_path / "s.sens")
    data = path.read_bytes()
    path.write_bytes(data[:offset] + content + data[offset + len(content) :])
    with pytest.raises(FileFormatError, match=rf"s\.sens: .*{message}"):
        list(read_sens(path))
