from __future__ import annotations

import pytest

from r1_model.network.continuations import SHORTEST, like_lengths


@pytest.mark.parametrize(
    ("lengths", "longest"),
    [
        ([1], 1),
        ([5, 400, 60, 48, 49, 96, 97], 400),
        ([300] * 3, 300),
        ([10, 20], 30),
        ([SHORTEST, SHORTEST + 1], SHORTEST + 1),
    ],
)
def test_each_row_is_read_once_and_whole(lengths, longest):
    parts = list(like_lengths(lengths, longest))
    assert sorted(row for rows, _ in parts for row in rows) == list(range(len(lengths)))
    for rows, width in parts:
        longest_row = max(lengths[row] for row in rows)
        assert longest_row <= width <= longest
        assert width <= max(SHORTEST, 2 * min(lengths[row] for row in rows))


def test_nothing_is_read_of_nothing():
    assert list(like_lengths([], 5)) == []
