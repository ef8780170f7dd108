"""Files in the folder of a bag that hold what another one holds: each message is played once."""

from __future__ import annotations

import filecmp
from collections.abc import Mapping
from pathlib import Path

_ZSTD = ".zstd"


def doubles(counts: Mapping[Path, int]) -> dict[Path, Path]:
    """Which files to leave out, each with the one that holds the same.

    Two do so where their bytes are equal, as of a copy, or where one is the other, decompressed.
    Of those two the one with more messages stays: a recorder that was killed while it compressed
    leaves the compressed one cut off, who stops decompressing the other.

    Args:
        counts: messages that can be read of each file, of one folder.
    """
    left_out: dict[Path, Path] = {}
    for file in counts:
        twin = file.with_name(twin_name(file.name))
        if twin in counts and file.suffix != _ZSTD:
            less, more = sorted((twin, file), key=counts.__getitem__)
            left_out[less] = more
    kept: list[Path] = []
    for file in counts:
        if file in left_out:
            continue
        same = next((other for other in kept if counts[file] and _equal(file, other)), None)
        if same is None:
            kept.append(file)
        else:
            left_out[file] = same
    return left_out


def twin_name(name: str) -> str:
    """What a compressed file is called when it is not, and the other way round."""
    return name.removesuffix(_ZSTD) if name.endswith(_ZSTD) else name + _ZSTD


def _equal(a: Path, b: Path) -> bool:
    return a.stat().st_size == b.stat().st_size and filecmp.cmp(a, b, shallow=False)
