"""Images between messages and numpy: every encoding, padding, byte order, damage."""

from __future__ import annotations

import array
import io
import struct
import time

import cv2
import numpy as np
import pytest

pytest.importorskip("rclpy")

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image as PillowImage
from sensor_msgs.msg import CompressedImage, Image

from r1_ros.messages.images import color_image, depth_image, depth_metres, depth_millimetres
from r1_ros.runtime.errors import BadMessageError

pytestmark = pytest.mark.ros
RNG = np.random.default_rng(0)
RGB = RNG.integers(0, 256, (6, 8, 3), np.uint8)
GREY = RNG.integers(0, 256, (6, 8), np.uint8)
ALPHA = np.full((6, 8, 1), 7, np.uint8)


def message(encoding: str, pixels: np.ndarray, padding: int = 0, big: bool = False) -> Image:
    if big:
        pixels = pixels.astype(pixels.dtype.newbyteorder(">"))
    rows = [row.tobytes() + b"\xaa" * padding for row in pixels]
    return Image(
        height=pixels.shape[0],
        width=pixels.shape[1],
        encoding=encoding,
        is_bigendian=int(big),
        step=len(rows[0]),
        data=array.array("B", b"".join(rows)),
    )


@pytest.mark.parametrize("padding", [0, 5])
@pytest.mark.parametrize(
    ("encoding", "pixels", "expected"),
    [
        ("rgb8", RGB, RGB),
        ("bgr8", RGB[..., ::-1], RGB),
        ("8UC3", RGB[..., ::-1], RGB),
        ("rgba8", np.concatenate([RGB, ALPHA], -1), RGB),
        ("bgra8", np.concatenate([RGB[..., ::-1], ALPHA], -1), RGB),
        ("8UC4", np.concatenate([RGB[..., ::-1], ALPHA], -1), RGB),
        ("mono8", GREY, np.stack([GREY] * 3, -1)),
        ("8UC1", GREY, np.stack([GREY] * 3, -1)),
        ("mono16", GREY.astype(np.uint16) * 256 + 99, np.stack([GREY] * 3, -1)),
        ("rgb16", RGB.astype(np.uint16) * 256 + 99, RGB),
        ("bgr16", RGB[..., ::-1].astype(np.uint16) * 256 + 99, RGB),
        ("rgba16", np.concatenate([RGB, ALPHA], -1).astype(np.uint16) * 256 + 99, RGB),
        ("bgra16", np.concatenate([RGB[..., ::-1], ALPHA], -1).astype(np.uint16) * 256 + 99, RGB),
    ],
)
def test_colour_encodings(encoding, pixels, expected, padding) -> None:
    np.testing.assert_array_equal(color_image(message(encoding, pixels, padding)), expected)


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_infrared_of_fewer_bits_than_its_type_is_visible(bits: int) -> None:
    pixels = np.linspace(0, 2**bits - 1, 48).astype(np.uint16).reshape(6, 8)
    raw = message("mono16", pixels)
    png = CompressedImage(
        format="mono16; png compressed ", data=array.array("B", cv2.imencode(".png", pixels)[1])
    )
    for sent in (raw, png):
        grey = color_image(sent)[..., 0]
        assert grey.max() == 255 and abs(grey.mean() - 127) < 2


@pytest.mark.parametrize("step", [0, 3, 2**32 - 1])
def test_rows_are_packed_where_the_bytes_leave_no_room(step: int) -> None:
    image = message("rgb8", RGB)
    image.step = step
    np.testing.assert_array_equal(color_image(image), RGB)


@pytest.mark.parametrize("orientation", [1, 3, 6])
def test_exif_turns_nothing(orientation: int) -> None:
    """Depth and camera info belong to the raster of the sensor."""
    pixels = np.zeros((16, 32, 3), np.uint8)
    pixels[:8] = (255, 0, 0)
    exif = PillowImage.Exif()
    exif[0x112] = orientation
    file = io.BytesIO()
    PillowImage.fromarray(pixels).save(file, "JPEG", quality=95, exif=exif)
    color = color_image(CompressedImage(format="jpeg", data=array.array("B", file.getvalue())))
    assert color.shape == (16, 32, 3)
    np.testing.assert_allclose(color[:7].mean((0, 1)), (255, 0, 0), atol=9)


@pytest.mark.parametrize("step", [0, 8])
def test_a_step_that_holds_no_row_says_nothing(step: int) -> None:
    """As of drivers that count pixels, here with bytes to spare behind the image."""
    image = message("rgb8", RGB)
    image.step, image.data = step, image.data + array.array("B", bytes(7))
    np.testing.assert_array_equal(color_image(image), RGB)


def test_names_of_encodings_in_any_case() -> None:
    np.testing.assert_array_equal(color_image(message("BGR8", RGB[..., ::-1])), RGB)
    depth = np.full((6, 8), 1500, np.uint16)
    np.testing.assert_array_equal(depth_image(message("16uc1", depth)), depth)
    metres = depth_image(compressed_depth("32fc1", depth, QUANTISED))
    np.testing.assert_allclose(metres, 10_100 / (1500 + 1009), rtol=1e-5)
    png = cv2.imencode(".png", depth)[1].tobytes()
    for codec in ("rvl", "PNG"):  # what is inside counts
        packed = CompressedImage(format=f"16UC1; compressedDepth {codec}", data=bytes(12) + png)
        np.testing.assert_array_equal(depth_image(packed), depth)


def test_sixteen_bit_colour_in_either_byte_order() -> None:
    pixels = RGB.astype(np.uint16) * 256 + 1
    np.testing.assert_array_equal(color_image(message("rgb16", pixels, big=True)), RGB)


@pytest.mark.parametrize("encoding", ["yuv422", "uyvy", "yuv422_yuy2", "yuyv"])
def test_yuv_of_a_grey_image_is_grey(encoding: str) -> None:
    pair = {"yuv422": (128, 90), "uyvy": (128, 90)}.get(encoding, (90, 128))
    pixels = np.tile(np.array(pair, np.uint8), (6, 8, 1))
    color = color_image(message(encoding, pixels))
    assert color.shape == (6, 8, 3) and np.ptp(color) == 0 and abs(int(color[0, 0, 0]) - 86) < 3


def test_yuv_of_odd_width_is_refused() -> None:
    with pytest.raises(BadMessageError) as error:
        color_image(message("yuv422", np.zeros((6, 7, 2), np.uint8)))
    assert error.value.reason == "bad image size"


@pytest.mark.parametrize(
    ("encoding", "tile"),
    [
        ("bayer_rggb8", [[200, 100], [100, 50]]),
        ("bayer_bggr8", [[50, 100], [100, 200]]),
        ("bayer_grbg8", [[100, 200], [50, 100]]),
        ("bayer_gbrg8", [[100, 50], [200, 100]]),
        ("bayer_rggb16", [[200, 100], [100, 50]]),
    ],
)
def test_bayer_patterns_give_back_a_flat_colour(encoding: str, tile) -> None:
    pixels = np.tile(np.array(tile, np.uint8), (6, 8))
    if encoding.endswith("16"):
        pixels = pixels.astype(np.uint16) * 256
    color = color_image(message(encoding, pixels))
    np.testing.assert_array_equal(color[2:-2, 2:-2].reshape(-1, 3), [(200, 100, 50)] * 8 * 12)


def test_a_bayer_pattern_that_was_compressed_gives_its_colour() -> None:
    mosaic = np.tile(np.array([[200, 100], [100, 50]], np.uint8), (6, 8))
    for pixels, kind in ((mosaic, "bayer_rggb8"), (mosaic.astype(np.uint16) * 257, "bayer_rggb16")):
        png = cv2.imencode(".png", pixels)[1].tobytes()
        color = color_image(CompressedImage(format=f"{kind}; png compressed ", data=png))
        np.testing.assert_array_equal(color[2:-2, 2:-2].reshape(-1, 3), [(200, 100, 50)] * 96)
    png = cv2.imencode(".png", RGB[..., ::-1])[1].tobytes()  # it was one before it was packed
    color = color_image(CompressedImage(format="bayer_rggb8; png compressed bgr8", data=png))
    np.testing.assert_array_equal(color, RGB)


def test_contiguous_rgb_and_depth_are_views_of_the_message() -> None:
    color = message("rgb8", RGB)
    assert np.shares_memory(color_image(color), np.frombuffer(color.data, np.uint8))
    depth = message("16UC1", np.ones((6, 8), np.uint16))
    assert np.shares_memory(depth_image(depth), np.frombuffer(depth.data, np.uint8))


@pytest.mark.parametrize("padding", [0, 6])
@pytest.mark.parametrize("big", [False, True])
def test_depth_encodings(padding: int, big: bool) -> None:
    millimetres = RNG.integers(0, 65536, (6, 8)).astype(np.uint16)
    metres = RNG.uniform(0, 9, (6, 8)).astype(np.float32)
    metres[0, :3] = (np.nan, np.inf, -np.inf)
    for encoding, pixels in (("16UC1", millimetres), ("mono16", millimetres), ("32FC1", metres)):
        depth = depth_image(message(encoding, pixels, padding, big))
        assert depth.dtype == pixels.dtype and depth.dtype.isnative
        np.testing.assert_array_equal(depth, pixels)


@settings(max_examples=30, deadline=None)
@given(arrays(np.float32, (4, 5), elements=st.floats(width=32)), st.floats(0, 2), st.floats(2, 70))
def test_metres_and_millimetres_agree_on_what_is_valid(depth, low, high) -> None:
    metres, millimetres = depth_metres(depth, low, high), depth_millimetres(depth, low, high)
    assert np.isfinite(metres).all() and metres.dtype == np.float32
    within = metres <= 65.5
    np.testing.assert_allclose(metres[within], millimetres[within] / 1000.0, atol=6e-4)
    assert not millimetres[~within].any()
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(metres > 0, (depth >= low) & (depth <= high) & (depth > 0))


def test_the_range_of_millimetres_is_inclusive() -> None:
    depth = np.array([[0, 99, 100, 101, 3999, 4000, 4001, 65535]], np.uint16)
    expected = [[0, 0, 100, 101, 3999, 4000, 0, 0]]
    np.testing.assert_array_equal(depth_millimetres(depth, 0.1, 4.0), expected)
    np.testing.assert_allclose(depth_metres(depth, 0.1, 4.0) * 1000, expected, atol=1e-3)


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_compressed_colour(suffix: str) -> None:
    smooth = cv2.resize(RGB, (64, 48), interpolation=cv2.INTER_CUBIC)
    _, data = cv2.imencode(suffix, smooth[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 98])
    color = color_image(CompressedImage(format="rgb8; jpeg compressed bgr8", data=data.tobytes()))
    assert np.abs(color.astype(int) - smooth).mean() < (0.01 if suffix == ".png" else 4)


QUANTISED = struct.pack("<iff", 0, 10_100.0, -1009.0)


def compressed_depth(encoding: str, pixels: np.ndarray, header: bytes) -> CompressedImage:
    _, png = cv2.imencode(".png", pixels)
    return CompressedImage(format=f"{encoding}; compressedDepth png", data=header + png.tobytes())


@pytest.mark.parametrize("header", [bytes(12), b""])
def test_compressed_depth_in_millimetres(header: bytes) -> None:
    pixels = RNG.integers(0, 65536, (6, 8)).astype(np.uint16)
    np.testing.assert_array_equal(depth_image(compressed_depth("16UC1", pixels, header)), pixels)


def test_compressed_depth_in_metres_is_quantised_inverse_depth() -> None:
    """As compressed_depth_image_transport encodes it: depth_max 10 m, quantisation 100."""
    depth = RNG.uniform(0.5, 8, (6, 8)).astype(np.float32)
    depth[0, 0] = np.nan
    a = 100.0 * (100.0 + 1)
    b = 1.0 - a / 10.0
    with np.errstate(invalid="ignore"):
        quantised = np.where(np.isnan(depth), 0, a / depth + b).astype(np.uint16)
    message = compressed_depth("32FC1", quantised, struct.pack("<iff", 0, a, b))
    decoded = depth_image(message)
    assert np.isnan(decoded[0, 0])
    valid = ~np.isnan(depth)
    np.testing.assert_allclose(decoded[valid], depth[valid], rtol=2e-3)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (message("32FC3", np.zeros((4, 4, 3), np.float32)), "unknown encoding"),
        (message("", RGB), "unknown encoding"),
        (Image(height=2, width=2, encoding="rgb8", step=6, data=bytes(11)), "truncated data"),
        (Image(height=4, width=9, encoding="rgb8", step=6, data=bytes(99)), "truncated data"),
        (Image(height=0, width=0, encoding="rgb8"), "bad image size"),
        (CompressedImage(format="jpeg", data=b"garbage"), "not an image"),
        (CompressedImage(format="jpeg", data=b""), "not an image"),
        (CompressedImage(format="h264", data=bytes([0, 0, 0, 1, 0x67])), "not an image"),
        (
            CompressedImage(data=cv2.imencode(".png", RGB)[1].tobytes()[:90]),
            "truncated data",
        ),
    ],
)
def test_bad_colour_is_refused_with_its_reason(bad, reason: str) -> None:
    with pytest.raises(BadMessageError) as error:
        color_image(bad)
    assert error.value.reason == reason


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (message("rgb8", RGB), "unknown encoding"),
        (CompressedImage(format="16UC1; compressedDepth rvl", data=bytes(99)), "bad image size"),
        (CompressedImage(format="16UC1; compressedDepth jxl", data=bytes(99)), "unknown encoding"),
        (CompressedImage(format="", data=b""), "unknown encoding"),
        (compressed_depth("16UC1", RGB, bytes(12)), "unknown encoding"),
        (compressed_depth("16UC1", GREY, bytes(12)), "unknown encoding"),
        (compressed_depth("32FC1", GREY.astype(np.uint16), b""), "bad depth header"),
        (compressed_depth("32FC1", GREY.astype(np.uint16), bytes(12)), "bad depth header"),
        (compressed_depth("", GREY.astype(np.uint16), QUANTISED), "unknown encoding"),
    ],
)
def test_bad_depth_is_refused_with_its_reason(bad, reason: str) -> None:
    with pytest.raises(BadMessageError) as error:
        depth_image(bad)
    assert error.value.reason == reason


def test_a_small_file_cannot_ask_for_gigabytes() -> None:
    _, png = cv2.imencode(".png", np.zeros((2, 2), np.uint8))
    data = bytearray(png.tobytes())
    data[16:24] = struct.pack(">II", 60_000, 60_000)
    started = time.monotonic()
    with pytest.raises(BadMessageError):
        color_image(CompressedImage(format="png", data=bytes(data)))
    assert time.monotonic() - started < 2


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200), st.text(max_size=20))
def test_random_bytes_never_crash_a_decoder(data: bytes, text: str) -> None:
    compressed = CompressedImage(format=text, data=data)
    png = CompressedImage(format=text, data=bytes(12) + b"\x89PNG" + data)
    for bad in (compressed, png):
        for decode in (color_image, depth_image):
            with pytest.raises(BadMessageError):
                decode(bad)
