"""RVL, the lossless codec of depth images (Wilson 2017, "Fast Lossless Depth Image Compression").

compressed_depth_image_transport writes it where asked to: width and height (uint32), then words of
32 bits, eight nibbles each, the highest first. A nibble holds three bits of a number, lowest first,
and whether it goes on. The numbers are runs: how many pixels are 0, how many are not, and for each
of those the zigzag of its difference to the pixel that was measured before it.
"""

from __future__ import annotations

import numpy as np

from r1_ros.runtime.errors import BadMessageError

_SIZE_BYTES = 8
_LONGEST = 12  # nibbles of a number; 32 bits take 11


def decode_rvl(data: bytes, max_pixels: int) -> np.ndarray:
    """Depth image (H, W) uint16.

    Args:
        data: width, height and the words, little-endian.
        max_pixels: larger images are refused.

    Raises:
        BadMessageError: too few words, or a size that they cannot fill.
    """
    if len(data) < _SIZE_BYTES:
        raise BadMessageError("truncated data", f"{len(data)} bytes of RVL hold no size")
    width, height = (int(side) for side in np.frombuffer(data, "<u4", 2))
    if not 0 < width * height <= max_pixels:
        raise BadMessageError("bad image size", f"RVL of {width}x{height} pixels")
    numbers = _numbers(data[_SIZE_BYTES:])
    deltas = np.zeros(width * height, np.int64)
    measured = np.zeros(width * height, bool)
    pixel = place = 0
    while pixel < deltas.size:
        if place + 2 > len(numbers):
            raise BadMessageError("truncated data", f"RVL ends at pixel {pixel} of {deltas.size}")
        pixel += int(numbers[place])
        count = int(numbers[place + 1])
        place += 2
        if pixel + count > deltas.size or place + count > len(numbers):
            raise BadMessageError(
                "truncated data",
                f"RVL: a run of {count} at pixel {pixel} does not fit {width}x{height} pixels and "
                f"{len(numbers) - place} numbers",
            )
        zigzag = numbers[place : place + count]
        deltas[pixel : pixel + count] = (zigzag >> 1) ^ -(zigzag & 1)
        measured[pixel : pixel + count] = True
        pixel, place = pixel + count, place + count
    depth = np.zeros(deltas.size, np.uint16)
    depth[measured] = np.cumsum(deltas[measured]).astype(np.uint16)
    return depth.reshape(height, width)


def _numbers(words: bytes) -> np.ndarray:
    """(M,) int64: the numbers in the nibbles of the words."""
    whole = np.frombuffer(words[: len(words) // 4 * 4], "<u4").astype(">u4").view(np.uint8)
    nibbles = np.stack([whole >> 4, whole & 15], axis=-1).ravel()
    ends = np.flatnonzero(nibbles < 8)  # the fourth bit says that the number goes on
    if not len(ends):
        return np.zeros(0, np.int64)
    starts = np.concatenate([[0], ends[:-1] + 1])
    lengths = ends - starts + 1
    if lengths.max() > _LONGEST:
        raise BadMessageError("truncated data", "RVL: a number that does not end")
    shifts = 3 * (np.arange(ends[-1] + 1) - np.repeat(starts, lengths))
    parts = (nibbles[: ends[-1] + 1] & 7).astype(np.int64) << shifts
    return np.add.reduceat(parts, starts)
