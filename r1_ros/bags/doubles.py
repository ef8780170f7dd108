"""Files in the folder of a bag that hold what another one holds: each message is played once."""

from __future__ import annotations

import filecmp
from collections.abc import Mapping
from pathlib import Path

from r1_ros.bags.storage import StorageFile

_ZSTD = ".zstd"


def doubles(files: Mapping[Path, StorageFile]) -> dict[Path, Path]:
    """Which files to leave out, each with the one that holds the same.

    Two do so where their bytes are equal, as of a copy, or where one is the other, decompressed.
    Of those two the one with more messages stays: a recorder that was killed while it compressed
    leaves the compressed one cut off, who stops decompressing the other. Files of two storages do
    where their topics, counts and times are equal: a bag that was converted where it lay.

    Args:
        files: of one folder, opened.
    """
    counts = {path: file.count for path, file in files.items()}
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
        same = next((other for other in kept if counts[file] and _equal(file, other, files)), None)
        if same is None:
            kept.append(file)
        else:
            left_out[file] = same
    return left_out


def twin_name(name: str) -> str:
    """What a compressed file is called when it is not, and the other way round."""
    return name.removesuffix(_ZSTD) if name.endswith(_ZSTD) else name + _ZSTD


def _equal(a: Path, b: Path, files: Mapping[Path, StorageFile]) -> bool:
    if a.suffixes != b.suffixes and _content(files[a]) == _content(files[b]):
        return True
    return a.stat().st_size == b.stat().st_size and filecmp.cmp(a, b, shallow=False)


def _content(file: StorageFile) -> tuple[object, ...]:
    topics = sorted((c.topic, c.msgtype, c.msgcount) for c in file.connections if c.msgcount)
    return file.count, file.start, file.end, topics
