"""sensor_msgs Image and CompressedImage to numpy, without copies where the bytes allow it."""

from __future__ import annotations

import io
import struct

import cv2
import numpy as np
from PIL import Image as PillowImage
from PIL import UnidentifiedImageError
from sensor_msgs.msg import CompressedImage, Image

from r1_ros.messages.rvl import decode_rvl
from r1_ros.runtime.errors import BadMessageError

# encoding -> (type, channels, OpenCV's conversion to RGB or None). 8UC3 is OpenCV's order, BGR.
# Some drivers write capitals where others do not: names are compared in small letters.
# OpenCV names Bayer patterns by the second row and column, ROS by the first: BG is rggb.
_COLOR = {
    "rgb8": (np.uint8, 3, None),
    "bgr8": (np.uint8, 3, cv2.COLOR_BGR2RGB),
    "8UC3": (np.uint8, 3, cv2.COLOR_BGR2RGB),
    "rgba8": (np.uint8, 4, cv2.COLOR_RGBA2RGB),
    "bgra8": (np.uint8, 4, cv2.COLOR_BGRA2RGB),
    "8UC4": (np.uint8, 4, cv2.COLOR_BGRA2RGB),
    "mono8": (np.uint8, 1, cv2.COLOR_GRAY2RGB),
    "8UC1": (np.uint8, 1, cv2.COLOR_GRAY2RGB),
    "mono16": (np.uint16, 1, cv2.COLOR_GRAY2RGB),
    "rgb16": (np.uint16, 3, None),
    "bgr16": (np.uint16, 3, cv2.COLOR_BGR2RGB),
    "rgba16": (np.uint16, 4, cv2.COLOR_RGBA2RGB),
    "bgra16": (np.uint16, 4, cv2.COLOR_BGRA2RGB),
    "yuv422": (np.uint8, 2, cv2.COLOR_YUV2RGB_UYVY),
    "uyvy": (np.uint8, 2, cv2.COLOR_YUV2RGB_UYVY),
    "yuv422_yuy2": (np.uint8, 2, cv2.COLOR_YUV2RGB_YUY2),
    "yuyv": (np.uint8, 2, cv2.COLOR_YUV2RGB_YUY2),
    "bayer_rggb8": (np.uint8, 1, cv2.COLOR_BayerBG2RGB),
    "bayer_bggr8": (np.uint8, 1, cv2.COLOR_BayerRG2RGB),
    "bayer_gbrg8": (np.uint8, 1, cv2.COLOR_BayerGR2RGB),
    "bayer_grbg8": (np.uint8, 1, cv2.COLOR_BayerGB2RGB),
    "bayer_rggb16": (np.uint16, 1, cv2.COLOR_BayerBG2RGB),
    "bayer_bggr16": (np.uint16, 1, cv2.COLOR_BayerRG2RGB),
    "bayer_gbrg16": (np.uint16, 1, cv2.COLOR_BayerGR2RGB),
    "bayer_grbg16": (np.uint16, 1, cv2.COLOR_BayerGB2RGB),
}
_DEPTH = {"16UC1": np.uint16, "mono16": np.uint16, "32FC1": np.float32}
_COLOR_BY_NAME = {name.lower(): how for name, how in _COLOR.items()}
_DEPTH_BY_NAME = {name.lower(): dtype for name, dtype in _DEPTH.items()}
_PNG_MAGIC = b"\x89PNG"
_DEPTH_HEADER_BYTES = 12  # int32 format, float32 depthQuantA, float32 depthQuantB
_MAX_PIXELS = 2**26  # of a compressed image: a few bytes could ask for gigabytes
_MILLIMETRES = 1000.0


def color_image(message: Image | CompressedImage) -> np.ndarray:
    """Colour as (H, W, 3) uint8, RGB. A view of the message for contiguous rgb8.

    Raises:
        BadMessageError: unknown encoding, too few bytes, or bytes that are no image.
    """
    if isinstance(message, CompressedImage):
        return _decode_color(message)
    try:
        dtype, channels, conversion = _COLOR_BY_NAME[_name(message.encoding)]
    except KeyError:
        raise BadMessageError(
            "unknown encoding",
            f"no colour image is encoded as {message.encoding!r}; read are {', '.join(_COLOR)}",
        ) from None
    pixels = _pixels(message, np.dtype(dtype), channels)
    if dtype == np.uint16:
        pixels = _as_bytes(pixels, grey=channels == 1)
    return _as_rgb(pixels, conversion, message.encoding)


def depth_image(message: Image | CompressedImage) -> np.ndarray:
    """Depth as it was sent: (H, W) uint16 in millimetres or float32 in metres.

    16UC1 is a view of the message where its bytes are contiguous and little-endian. Values may be
    0, NaN or infinite; see `depth_metres` and `depth_millimetres`.

    Raises:
        BadMessageError: unknown encoding, too few bytes, or bytes that are no image.
    """
    if isinstance(message, CompressedImage):
        return _decode_depth(message)
    dtype = _DEPTH_BY_NAME.get(_name(message.encoding))
    if dtype is None:
        raise BadMessageError(
            "unknown encoding",
            f"no depth image is encoded as {message.encoding!r}; read are {', '.join(_DEPTH)}",
        )
    pixels = _pixels(message, np.dtype(dtype), 1)
    return np.ascontiguousarray(pixels, pixels.dtype.newbyteorder("="))


def depth_metres(depth: np.ndarray, low: float = 0.0, high: float = np.inf) -> np.ndarray:
    """Depth (H, W) uint16 mm or float32 m as float32 metres; 0 where not in [low, high]."""
    if depth.dtype == np.uint16:
        depth = depth * np.float32(1 / _MILLIMETRES)
    valid = (depth >= low) & (depth <= high) & (depth < np.inf)  # false for NaN (REP-117)
    return np.where(valid, depth, np.float32(0))


def depth_millimetres(depth: np.ndarray, low: float = 0.0, high: float = 65.0) -> np.ndarray:
    """Depth (H, W) uint16 mm or float32 m as uint16 millimetres; 0 where not in [low, high] m."""
    if depth.dtype == np.uint16:
        inside = cv2.inRange(depth, int(np.ceil(low * _MILLIMETRES)), int(high * _MILLIMETRES))
        return cv2.copyTo(depth, inside)
    valid = (depth >= low) & (depth <= min(high, 65.5))
    return np.rint(np.where(valid, depth, 0) * np.float32(_MILLIMETRES)).astype(np.uint16)


def _pixels(message: Image, dtype: np.dtype, channels: int) -> np.ndarray:
    """View of the pixels: (H, W) or (H, W, C), any padding and byte order."""
    height, width, step = message.height, message.width, message.step
    row = width * channels * dtype.itemsize
    if not height or not width:
        raise BadMessageError("bad image size", f"{width}x{height}")
    if len(message.data) == height * row or step < row:
        step = row  # whatever the message says: there is no room for padding
    needed = step * (height - 1) + row
    if len(message.data) < needed:
        raise BadMessageError(
            "truncated data",
            f"{len(message.data)} bytes, {width}x{height} {message.encoding} takes {needed}",
        )
    dtype = dtype.newbyteorder(">" if message.is_bigendian else "<")
    shape: tuple[int, ...] = (height, width)
    strides: tuple[int, ...] = (step, channels * dtype.itemsize)
    if channels > 1:
        shape, strides = (*shape, channels), (*strides, dtype.itemsize)
    return np.ndarray(shape, dtype, memoryview(message.data), strides=strides)


def _as_bytes(pixels: np.ndarray, *, grey: bool) -> np.ndarray:
    """Image of 16 bits as uint8. Infrared cameras send 10 or 12 bits and do not say so."""
    bits = 16
    if grey:
        largest = int(pixels.max())
        bits = next(bits for bits in (8, 10, 12, 14, 16) if largest < 1 << bits)
    return (pixels >> (bits - 8)).astype(np.uint8)


def _as_rgb(pixels: np.ndarray, conversion: int | None, encoding: str) -> np.ndarray:
    if conversion is None:
        return np.ascontiguousarray(pixels)
    try:
        return cv2.cvtColor(np.ascontiguousarray(pixels), conversion)
    except cv2.error as error:  # an odd width has no YUV pairs
        height, width = pixels.shape[:2]
        raise BadMessageError(
            "bad image size", f"{width}x{height} does not fit {encoding}: {error.err}"
        ) from None


def _name(encoding: str) -> str:
    return encoding.strip().lower()


def _decode_color(message: CompressedImage) -> np.ndarray:
    encoding = _name(message.format.partition(";")[0])
    if encoding.startswith("bayer_") and encoding in _COLOR_BY_NAME:
        mosaic = _decode(bytes(message.data), message.format, cv2.IMREAD_UNCHANGED)
        if mosaic.ndim == 2:  # image_transport packs it as it is
            mosaic = _as_bytes(mosaic, grey=True) if mosaic.dtype == np.uint16 else mosaic
            return _as_rgb(mosaic, _COLOR_BY_NAME[encoding][2], encoding)
    flags = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_ANYDEPTH | cv2.IMREAD_IGNORE_ORIENTATION
    pixels = _decode(bytes(message.data), message.format, flags)
    if pixels.dtype == np.uint16:
        grey = bool((pixels == pixels[..., :1]).all())
        return _as_bytes(pixels, grey=grey)
    if pixels.dtype != np.uint8:
        raise BadMessageError("unknown encoding", f"{message.format!r} holds {pixels.dtype}")
    return pixels


def _decode(data: bytes, name: str, flags: int) -> np.ndarray:
    try:
        with PillowImage.open(io.BytesIO(data)) as header:
            width, height = header.size
    except (UnidentifiedImageError, OSError, ValueError, PillowImage.DecompressionBombError):
        raise BadMessageError(
            "not an image", f"{len(data)} bytes of {name!r} are no JPEG, PNG or other picture"
        ) from None
    if width * height > _MAX_PIXELS:
        raise BadMessageError("bad image size", f"{width}x{height} is too large")
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error as error:
        raise BadMessageError("not an image", error.err) from None
    if pixels is None:
        raise BadMessageError("truncated data", f"{len(data)} bytes of a {width}x{height} image")
    return pixels


def _decode_depth(message: CompressedImage) -> np.ndarray:
    """The layout of compressed_depth_image_transport, PNG or RVL; a bare PNG is taken for 16UC1."""
    data = bytes(message.data)
    encoding, _, codec = (_name(part) for part in message.format.partition(";"))
    header = b""
    if not data.startswith(_PNG_MAGIC):
        header, data = data[:_DEPTH_HEADER_BYTES], data[_DEPTH_HEADER_BYTES:]
    bare = data.startswith(_PNG_MAGIC)
    if codec.endswith("rvl") and not bare and len(header) == _DEPTH_HEADER_BYTES:
        pixels = decode_rvl(data, _MAX_PIXELS)
    else:
        pixels = _decode_png(data, message.format)
    if encoding in _DEPTH_BY_NAME and encoding != "32fc1":
        return pixels
    # 32FC1 travels as quantised inverse depth: inverse = A / depth + B.
    _, quant_a, quant_b = struct.unpack("<iff", header or bytes(_DEPTH_HEADER_BYTES))
    if encoding != "32fc1" and not quant_a:
        return pixels
    if encoding != "32fc1":
        raise BadMessageError(
            "unknown encoding",
            f"{message.format!r} names neither 16UC1 nor 32FC1, and the header has a quantisation",
        )
    if not 0 < quant_a < np.inf or not np.isfinite(quant_b):
        raise BadMessageError(
            "bad depth header",
            f"{message.format!r} without a quantisation (A {quant_a:g}, B {quant_b:g}): a PNG of "
            "millimetres is 16UC1",
        )
    with np.errstate(divide="ignore", invalid="ignore"):
        depth = np.float32(quant_a) / (pixels.astype(np.float32) - np.float32(quant_b))
    return np.where(pixels > 0, depth, np.float32(np.nan))


def _decode_png(data: bytes, name: str) -> np.ndarray:
    if not data.startswith(_PNG_MAGIC):
        raise BadMessageError(
            "unknown encoding", f"compressed depth {name!r} is neither PNG nor RVL"
        )
    pixels = _decode(data, name, cv2.IMREAD_UNCHANGED)
    if pixels.dtype != np.uint16 or pixels.ndim != 2:
        raise BadMessageError(
            "unknown encoding", f"depth PNG holds {pixels.dtype} of shape {pixels.shape}"
        )
    return pixels
