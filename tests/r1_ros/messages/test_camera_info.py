"""CameraInfo: distortion, binning, regions of interest; against OpenCV's projection."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

pytest.importorskip("rclpy")

from sensor_msgs.msg import CameraInfo, RegionOfInterest

from r1_ros.messages.camera_info import CameraCache, camera_model
from r1_ros.runtime.errors import BadMessageError

pytestmark = pytest.mark.ros
K = np.array([[300.0, 0, 160.0], [0, 305.0, 120.0], [0, 0, 1]])
SIZE = (320, 240)
PLUMB_BOB = [-0.25, 0.08, 0.001, -0.002, 0.0]
FISHEYE = [0.1, -0.02, 0.005, -0.001]


def info(d=(), model="plumb_bob", **changed) -> CameraInfo:
    values = {
        "width": SIZE[0],
        "height": SIZE[1],
        "distortion_model": model,
        "d": list(d),
        "k": K.reshape(-1),
        "p": np.hstack([K, np.zeros((3, 1))]).reshape(-1),
        **changed,
    }
    return CameraInfo(**values)


def distort(xyz: np.ndarray, d, model: str) -> np.ndarray:
    """Pixels (N, 2) of points as the real lens shows them."""
    zero = np.zeros(3)
    if model in ("equidistant", "fisheye", "Kannala-Brandt4"):
        coefficients = np.array(d) if len(d) else np.zeros(4)
        uv, _ = cv2.fisheye.projectPoints(xyz[:, None], zero, zero, K, coefficients)
    else:
        uv, _ = cv2.projectPoints(xyz, zero, zero, K, np.array(d))
    return uv.reshape(-1, 2)


@pytest.mark.parametrize(
    ("d", "model"),
    [
        (PLUMB_BOB, "plumb_bob"),
        ([-0.2, 0.05, 0.001, 0.001, 0.01, 0.02, 0.01, 0.002], "rational_polynomial"),
        (FISHEYE, "equidistant"),
        (FISHEYE, "Kannala-Brandt4"),
        ([0.0] * 4, "equidistant"),  # a fisheye of zeros is no pinhole
        ([], "fisheye"),
    ],
)
def test_distortion_is_taken_out_of_colour_and_depth(d, model: str) -> None:
    """Dots drawn where the lens shows them end up where a pinhole shows them."""
    grid = np.stack(np.meshgrid([-0.4, -0.15, 0.2, 0.4], [-0.3, 0.0, 0.28]), -1).reshape(-1, 2)
    xyz = np.concatenate([grid, np.ones((len(grid), 1))], -1)
    color = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    depth = np.zeros((SIZE[1], SIZE[0]), np.uint16)
    for u, v in distort(xyz, d, model):
        cv2.circle(color, (round(u), round(v)), 3, (255, 255, 255), -1)
        cv2.circle(depth, (round(u), round(v)), 3, 1234, -1)
    camera = camera_model(info(d, model))
    assert camera.distorted
    flat_color, flat_depth = camera.undistort_color(color), camera.undistort_depth(depth)
    moved = 0
    for (x, y, _), before in zip(xyz, distort(xyz, d, model), strict=True):
        u, v = K[0, 0] * x + K[0, 2], K[1, 1] * y + K[1, 2]
        assert flat_color[round(v), round(u)].min() > 200
        assert flat_depth[round(v), round(u)] == 1234
        moved = max(moved, np.hypot(u - before[0], v - before[1]))
    assert moved > 2  # the test would fail without undistortion
    assert set(np.unique(flat_depth)) == {0, 1234}  # depth is never averaged


@pytest.mark.parametrize("name", ["plumb_bob", "", "none", "Inverse Brown Conrady"])
@pytest.mark.parametrize("d", [(), [0.0] * 5])
def test_without_distortion_images_pass_untouched(d, name: str) -> None:
    camera = camera_model(info(d, name))
    image = np.zeros((240, 320, 3), np.uint8)
    assert camera.undistort_color(image) is image and not camera.distorted


def test_binning_and_region_of_interest_move_the_principal_point() -> None:
    roi = RegionOfInterest(x_offset=40, y_offset=20, width=200, height=160)
    camera = camera_model(info(binning_x=2, binning_y=2, roi=roi))
    expected = [[150, 0, (160 - 40) / 2], [0, 152.5, (120 - 20) / 2], [0, 0, 1]]
    np.testing.assert_allclose(camera.K, expected)
    assert (camera.width, camera.height) == (100, 80)


def test_rectified_images_use_p_and_ignore_distortion() -> None:
    P = np.array([[280.0, 0, 150, 0], [0, 280, 110, 0], [0, 0, 1, 0]])
    camera = camera_model(info(PLUMB_BOB, p=P.reshape(-1)), rectified=True)
    np.testing.assert_array_equal(camera.K, P[:, :3])
    assert not camera.distorted


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (info(k=np.zeros(9)), "uncalibrated camera"),
        (info(k=np.full(9, np.nan)), "bad camera info"),
        (info(k=np.array([-300.0, 0, 160, 0, 300, 120, 0, 0, 1])), "bad camera info"),
        (info(k=np.array([300.0, 0, 0, 0, 300, 0, 160, 120, 1])), "bad camera info"),  # by columns
        (info(k=np.array([300.0, 40, 160, 0, 300, 120, 0, 0, 1])), "bad camera info"),  # skewed
        (info(roi=RegionOfInterest(x_offset=200, width=200)), "bad camera info"),
        (info([np.inf] * 5), "bad camera info"),
        (info([0.1] * 3), "bad camera info"),
        (info(PLUMB_BOB, "mystery"), "bad camera info"),
        (info([0.1] * 5, "equidistant"), "bad camera info"),
        (info([0.0] * 5, "mystery"), "bad camera info"),  # zeros do not make a pinhole of it
        (info(PLUMB_BOB, "none"), "bad camera info"),
        (info(PLUMB_BOB, "inverse_brown_conrady"), "bad camera info"),
    ],
)
def test_bad_cameras_are_refused(message: CameraInfo, reason: str) -> None:
    with pytest.raises(BadMessageError) as error:
        camera_model(message)
    assert error.value.reason == reason


@pytest.mark.parametrize(
    ("empty", "rectified", "said"),
    [
        ("p", True, "P is all zeros; images_rectified: false"),
        ("k", False, "K is all zeros; images_rectified: true"),
        ("kp", False, "K is all zeros; calibrate"),
    ],
)
def test_without_the_matrix_that_is_asked_for_the_other_is_named(empty, rectified, said) -> None:
    matrices = {"k": info().k, "p": np.eye(3, 4).reshape(-1)}
    matrices |= {name: np.zeros(len(matrices[name])) for name in empty}
    with pytest.raises(BadMessageError, match=said):
        camera_model(info(**matrices), rectified=rectified)


@pytest.mark.parametrize(
    ("size", "changed", "reason"),
    [
        ((640, 480), {}, "sizes differ"),
        ((33_000, 8), {"width": 0, "height": 0}, "bad image size"),  # OpenCV refuses it
        (SIZE, {"k": np.diag([1e-30, 300.0, 1.0]).reshape(-1)}, "bad camera info"),
        (SIZE, {"k": np.diag([5e-324, 5e-324, 1.0]).reshape(-1)}, "bad camera info"),
        (SIZE, {"roi": RegionOfInterest(x_offset=2**32 - 1)}, "bad camera info"),
        (SIZE, {"binning_x": 2**32 - 1, "width": 0}, "bad camera info"),
        (SIZE, {"k": np.array([900.0, 0, 480, 0, 900, 360, 0, 0, 1])}, "bad camera info"),
        (SIZE, {"k": np.array([600.0, 0, 312, 0, 600, 233, 0, 0, 1])}, "bad camera info"),
        (SIZE, {"k": np.array([450.0, 0, 240, 0, 450, 180, 0, 0, 1])}, "bad camera info"),
        (SIZE, {"k": np.array([150.0, 0, 80, 0, 150, 60, 0, 0, 1])}, "bad camera info"),
    ],
)
def test_images_that_no_such_camera_takes_are_refused(size, changed, reason: str) -> None:
    camera = camera_model(info(PLUMB_BOB, **changed))
    with pytest.raises(BadMessageError) as error:
        camera.check(*size)
    assert error.value.reason == reason


def test_a_part_of_a_larger_image_may_lie_anywhere_in_it() -> None:
    roi = RegionOfInterest(x_offset=0, y_offset=0, width=120, height=90)
    camera = camera_model(info(roi=roi, k=np.array([300.0, 0.5, 160, 0, 300, 120, 0, 0, 1])))
    camera.check(120, 90)
    assert (camera.K[0, 2], camera.K[1, 2]) == (160, 120)


def test_a_distortion_that_leaves_nothing_is_not_called_missing_depth() -> None:
    with pytest.raises(BadMessageError, match="next to nothing"):
        camera_model(info([1e6] * 5)).check(*SIZE)


@pytest.mark.parametrize("k1", [-0.1, -2.0])
def test_what_a_lens_would_show_twice_is_shown_once(k1: float) -> None:
    """Beyond r = 1 / sqrt(-3 k1) it turns back, beyond 1 / sqrt(-k1) to the far side."""
    camera = camera_model(info([k1, 0.0, 0.0, 0.0, 0.0]))
    camera.check(*SIZE)
    shown = camera.undistort_depth(np.full(SIZE[::-1], 1000, np.uint16)) > 0
    v, u = np.indices(SIZE[::-1])
    r = np.hypot((u - K[0, 2]) / K[0, 0], (v - K[1, 2]) / K[1, 1])
    limit = (-3 * k1) ** -0.5
    assert shown[r < limit - 0.01].all() and not shown[r > limit + 0.01].any()


def test_every_size_that_passes_the_check_can_be_undistorted() -> None:
    wide = np.array([9000.0, 0, 16_000, 0, 9000, 1, 0, 0, 1])
    camera = camera_model(info(PLUMB_BOB, width=0, height=0, k=wide))
    camera.check(32_766, 2)
    assert camera.undistort_depth(np.ones((2, 32_766), np.uint16)).shape == (2, 32_766)
    assert camera.undistort_color(np.ones((2, 30_000, 3), np.uint8)).shape == (2, 30_000, 3)
    assert len(camera._maps) == 1  # images of many sizes do not fill the memory


def test_the_cache_makes_a_camera_only_when_it_changes() -> None:
    cache = CameraCache()
    first = cache.get(info(PLUMB_BOB))
    assert cache.get(info(PLUMB_BOB)) is first
    other = cache.get(info([0.01, 0, 0, 0, 0]))
    assert other is not first and cache.get(info(PLUMB_BOB)) is not other


def test_cameras_on_one_topic_are_kept_apart_and_bounded() -> None:
    cache = CameraCache()
    models = []
    for frame in ("left", "right"):
        message = info(PLUMB_BOB)
        message.header.frame_id = frame
        models.append((message, cache.get(message)))
    assert all(cache.get(message) is model for message, model in models)
    for number in range(100):
        message.header.frame_id = f"new{number}"
        cache.get(message)
    assert len(cache._known) < 20
