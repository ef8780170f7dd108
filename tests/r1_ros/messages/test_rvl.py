"""RVL depth: held against an encoder that follows the paper word by word."""

from __future__ import annotations

import contextlib
import struct

import numpy as np
import pytest

pytest.importorskip("rclpy")

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from sensor_msgs.msg import CompressedImage

from r1_ros.messages.images import depth_image
from r1_ros.messages.rvl import decode_rvl
from r1_ros.runtime.errors import BadMessageError

pytestmark = pytest.mark.ros


def encode(depth: np.ndarray) -> bytes:
    """Width, height, words; one nibble after the other."""
    nibbles: list[int] = []

    def write(value: int) -> None:
        while True:
            part, value = value & 7, value >> 3
            nibbles.append(part | (8 if value else 0))
            if not value:
                return

    pixels = [int(value) for value in depth.ravel()]
    place = previous = 0
    while place < len(pixels):
        for wanted in (True, False):
            start = place
            while place < len(pixels) and (pixels[place] == 0) == wanted:
                place += 1
            write(place - start)
        for value in pixels[start:place]:
            delta, previous = value - previous, value
            write(delta << 1 if delta >= 0 else (-delta << 1) - 1)
    nibbles += [0] * (-len(nibbles) % 8)
    words = [
        sum(nibble << 4 * (7 - i) for i, nibble in enumerate(nibbles[at : at + 8]))
        for at in range(0, len(nibbles), 8)
    ]
    return struct.pack("<II", *depth.shape[::-1]) + struct.pack(f"<{len(words)}I", *words)


@settings(max_examples=60, deadline=None)
@given(arrays(np.uint16, array_shapes(min_dims=2, max_dims=2, max_side=9)))
def test_what_was_encoded_comes_back(depth: np.ndarray) -> None:
    np.testing.assert_array_equal(decode_rvl(encode(depth), 2**20), depth)


def test_as_image_transport_sends_it() -> None:
    depth = np.zeros((24, 32), np.uint16)
    depth[4:20, 5:30] = np.arange(16 * 25).reshape(16, 25) * 100 + 500
    data = struct.pack("<iff", 1, 0, 0) + encode(depth)
    message = CompressedImage(format="16UC1; compressedDepth rvl", data=data)
    np.testing.assert_array_equal(depth_image(message), depth)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=80))
def test_bytes_of_any_kind_are_an_image_or_refused(data: bytes) -> None:
    for sized in (data, struct.pack("<II", 7, 5) + data):
        with contextlib.suppress(BadMessageError):
            assert decode_rvl(sized, 2**16).dtype == np.uint16


def test_cut_off_and_oversized() -> None:
    whole = encode(np.full((20, 20), 900, np.uint16))
    for data in (whole[:4], whole[:20], struct.pack("<II", 2**31, 2**31) + whole[8:]):
        with pytest.raises(BadMessageError):
            decode_rvl(data, 2**20)
