"""Which scenes may be trained on. The one place that decides it, for every reader.

ScanNet v2 is split by space (`scene0011`), so that no room is in two splits: 1,201 scans for
training, 312 for validation, 100 for test. Held out are all scans of a validation or test space.
Synthetic rooms say their split in their id (`synthetic_test_000031`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from r1_training.datasets.errors import FileFormatError, RowError, SplitError

SPLITS = ("train", "val", "test")

# The official validation spaces of ScanNet v2, by their number of scans.
_VAL_SPACES_BY_SCANS = {
    1: (
        *(15, 63, 139, 149, 196, 208, 217, 246, 249, 251, 257, 304, 314, 316, 328, 342, 343, 354),
        *(389, 414, 427, 441, 461, 462, 490, 494, 496, 518, 527, 535, 550, 565, 595, 618, 621),
        *(643, 644, 652, 658, 660, 689, 699),
    ),
    2: (
        *(11, 19, 64, 77, 95, 144, 153, 169, 187, 193, 221, 222, 278, 300, 351, 355, 357, 382),
        *(412, 430, 432, 458, 488, 500, 549, 552, 580, 593, 607, 616, 633, 647, 648, 653, 665),
        *(670, 671, 684, 690, 704),
    ),
    3: (
        *(25, 30, 46, 50, 81, 84, 86, 100, 131, 146, 203, 207, 231, 256, 277, 307, 329, 334, 338),
        *(353, 356, 377, 378, 406, 423, 553, 558, 559, 568, 574, 575, 578, 583, 591, 598, 599),
        *(606, 608, 629, 645, 651, 655, 663, 664, 678, 685, 686, 693, 696, 700, 701, 702),
    ),
    4: (88, 164, 426, 435, 609, 695, 697),
    6: (474,),
}
_VAL_SPACES = frozenset(space for spaces in _VAL_SPACES_BY_SCANS.values() for space in spaces)
_TRAIN_AND_VAL_SPACES = range(707)
_TEST_SPACES = range(707, 807)
_SPACE = re.compile(r"scene(\d{4})(?!\d)", re.IGNORECASE)
_ROOM = re.compile(rf"synthetic_({'|'.join(SPLITS)})_\d+")


def scannet_val_scenes() -> tuple[str, ...]:
    """The 312 scans of the official validation list, sorted."""
    return tuple(
        sorted(
            f"scene{space:04d}_{scan:02d}"
            for scans, spaces in _VAL_SPACES_BY_SCANS.items()
            for space in spaces
            for scan in range(scans)
        )
    )


def scannet_space(scene_id: str) -> int | None:
    """The space number in a ScanNet id, also inside a path; None where there is none."""
    found = _SPACE.search(scene_id)
    return int(found[1]) if found else None


def official_split(scene_id: str) -> str | None:
    """`train`, `val` or `test` for a ScanNet scene or synthetic room; None for any other scene.

    Raises:
        RowError: looks like a ScanNet scene, but ScanNet has no such space.
    """
    space = scannet_space(scene_id)
    if space is None:
        room = _ROOM.fullmatch(scene_id)
        return room[1] if room else None
    if space in _VAL_SPACES:
        return "val"
    if space in _TEST_SPACES:
        return "test"
    if space in _TRAIN_AND_VAL_SPACES:
        return "train"
    raise RowError(f"ScanNet has no scene {scene_id!r}")


def may_train_on(scene_id: str, held_out: frozenset[str] = frozenset()) -> bool:
    """Whether a scene may be used for training.

    Args:
        scene_id: of ScanNet or any other data set.
        held_out: scenes to keep out as well, made with `hold_out`.

    Raises:
        RowError: an unknown ScanNet scene.
    """
    if _official(scene_id) not in ("train", None):
        return False
    if not held_out:
        return True
    space = scannet_space(scene_id)
    return (scene_id if space is None else f"scene{space:04d}") not in held_out


def hold_out(scene_ids: Iterable[str]) -> frozenset[str]:
    """The keys of scenes to hold out; a ScanNet scan holds out its whole space."""
    spaces = ((scene_id, scannet_space(scene_id)) for scene_id in scene_ids)
    return frozenset(name if space is None else f"scene{space:04d}" for name, space in spaces)


def read_hold_out(path: Path) -> frozenset[str]:
    """`hold_out` of a text file: one scene id a line; blank lines and `#` comments are skipped.

    Raises:
        FileFormatError: cannot be read, names no scene, or a ScanNet scene that there is none of.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise FileFormatError(path, f"cannot be opened: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise FileFormatError(path, f"is not text: {error.reason}") from error
    names = []
    for number, line in enumerate(lines, 1):
        name = line.partition("#")[0].strip()
        if not name:
            continue
        try:
            official_split(name)
        except RowError as error:
            raise FileFormatError(path, str(error), number) from error
        names.append(name)
    if not names:
        raise FileFormatError(path, "names no scene to hold out")
    return hold_out(names)


def check_split(split: str) -> None:
    """Raises `SplitError` unless `split` is one of `SPLITS`."""
    if split not in SPLITS:
        raise SplitError(f"split must be one of {', '.join(SPLITS)}, got {split!r}")


@lru_cache(maxsize=4096)
def _official(scene_id: str) -> str | None:
    return official_split(scene_id)
