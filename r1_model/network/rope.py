"""mRoPE positions of a sequence of text, views and scene tokens (Qwen2.5-VL, arXiv 2502.13923)."""

from __future__ import annotations

import numpy as np


def rope_positions(
    input_ids: np.ndarray, image_token: int, scene_token: int, grids: list[tuple[int, int]]
) -> np.ndarray:
    """Temporal, row and column position of every token.

    Text counts up by one. A view of rows x columns tokens spans a grid, and text goes on after the
    longer side. Scene tokens are a set: all of them share one position.

    Args:
        input_ids: (L,) token ids with placeholders.
        image_token, scene_token: ids of the placeholders.
        grids: (rows, columns) of each view's tokens, in order.

    Returns:
        (3, L) int64.

    Raises:
        ValueError: the image placeholders do not match the grids.
    """
    if sum(rows * columns for rows, columns in grids) != int((input_ids == image_token).sum()):
        raise ValueError(f"{int((input_ids == image_token).sum())} image tokens for grids {grids}")
    positions = np.empty((3, len(input_ids)), np.int64)
    remaining = iter(grids)
    marks = np.flatnonzero((input_ids == image_token) | (input_ids == scene_token))
    index = position = 0
    while index < len(input_ids):
        token = input_ids[index]
        if token == image_token:
            rows, columns = next(remaining)
            row, column = np.divmod(np.arange(rows * columns), columns)
            block = slice(index, index + rows * columns)
            positions[:, block] = position + np.stack((np.zeros_like(row), row, column))
            index, position = block.stop, position + max(rows, columns)
        elif token == scene_token:
            others = np.flatnonzero(input_ids[index:] != scene_token)
            stop = index + int(others[0]) if len(others) else len(input_ids)
            positions[:, index:stop] = position
            index, position = stop, position + 1
        else:
            ahead = np.searchsorted(marks, index)
            stop = int(marks[ahead]) if ahead < len(marks) else len(input_ids)
            positions[:, index:stop] = position + np.arange(stop - index)
            index, position = stop, position + stop - index
    return positions
