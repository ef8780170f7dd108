"""The prepared ScanNet set.

The prepared set is VoteNet's, which ScanRefer, Scan2Cap, LL3DA and 3D-R1 read: per scan
`_vert`, `_aligned_vert` (N <= 50,000, 9) float32 x y z r g b nx ny nz; `_sem_label` (N,) NYU40 id;
`_ins_label` (N,) 1-based instance id, 0 none; `_bbox`, `_aligned_bbox` (K, 8) cx cy cz dx dy dz
NYU40 id and 0-based object id.
"""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np

from r1_model.scene.scene import Scene
from r1_training.datasets.errors import FileFormatError
from r1_training.datasets.scannet.scans import ScannetScan, transform
from r1_training.datasets.scannet.sens import read_frames

MAX_POINTS = 50_000
# Metres for coordinates, and no id is larger: volumes of larger boxes would overflow.
MAX_COORDINATE = 1e6
PREPARED = ("vert", "aligned_vert", "sem_label", "ins_label", "bbox", "aligned_bbox")


def prepared_arrays(scan: ScannetScan) -> dict[str, np.ndarray]:
    """The six arrays of the prepared set; at most 50,000 points, chosen by the scan's id."""
    kept = np.arange(len(scan.points))
    if len(kept) > MAX_POINTS:
        generator = np.random.default_rng(zlib.crc32(scan.scene_id.encode()))
        kept = np.sort(generator.choice(len(kept), MAX_POINTS, replace=False))
    T = scan.T_aligned_scan
    points, normals = scan.points[kept], scan.normals[kept]
    colors = scan.colors[kept].astype(np.float32)
    return {
        "vert": np.hstack([points, colors, normals]).astype(np.float32),
        "aligned_vert": np.hstack([transform(T, points), colors, normals @ T[:3, :3].T]).astype(
            np.float32
        ),
        "sem_label": scan.semantic[kept].astype(np.uint32),
        "ins_label": scan.instance[kept].astype(np.uint32),
        "bbox": scan.boxes,
        "aligned_bbox": scan.aligned_boxes,
    }


def read_prepared(folder: Path, scene_id: str) -> tuple[Scene, dict[int, np.ndarray]]:
    """A prepared scan: its cloud in the aligned frame, and (6,) boxes by 0-based object id.

    Raises:
        FileFormatError: a file is missing or has the wrong shape.
    """
    vertices = _load(folder / f"{scene_id}_aligned_vert.npy", (None, 9))
    scene = Scene(
        points=vertices[:, :3].astype(np.float32),
        colors=vertices[:, 3:6].round().clip(0, 255).astype(np.uint8),
        normals=vertices[:, 6:9].astype(np.float32),
    )
    return scene, read_prepared_boxes(folder, scene_id)


def read_scene(folder: Path, scene_id: str, *, frames: bool) -> Scene:
    """A prepared scan, with its frames where they are asked for, in the aligned frame.

    Raises:
        FileFormatError: a file is missing or broken.
    """
    scene, _ = read_prepared(folder, scene_id)
    views = list(read_frames(folder / "frames" / scene_id)) if frames else []
    if frames and not views:
        raise FileFormatError(folder / "frames" / scene_id, "holds no frame with a pose")
    return replace(scene, views=views)


def is_prepared(folder: Path, scene_id: str, *, frames: bool) -> bool:
    """Whether a scan is prepared, with frames where they are asked for."""
    arrays = all((folder / f"{scene_id}_{name}.npy").is_file() for name in PREPARED)
    return arrays and (not frames or (folder / "frames" / scene_id / "pose").is_dir())


def prepared_scenes(folder: Path) -> list[str]:
    """Ids of the prepared scans of a folder, sorted.

    Raises:
        FileFormatError: there is none.
    """
    ending = "_aligned_vert.npy"
    scenes = sorted(path.name.removesuffix(ending) for path in folder.glob(f"*{ending}"))
    if not scenes:
        raise FileFormatError(folder, "holds no scan of `r1 prepare scannet`")
    return scenes


def read_prepared_boxes(folder: Path, scene_id: str) -> dict[int, np.ndarray]:
    """Aligned boxes of a prepared scan: (6,) centre and size in metres, by 0-based object id."""
    boxes = _load_boxes(folder, scene_id)
    return {int(box[7]): box[:6].astype(np.float64) for box in boxes}


def read_prepared_classes(folder: Path, scene_id: str) -> dict[int, int]:
    """NYU40 id of every boxed object of a prepared scan, by 0-based object id."""
    boxes = _load_boxes(folder, scene_id)
    return {int(box[7]): int(box[6]) for box in boxes}


def _load_boxes(folder: Path, scene_id: str) -> np.ndarray:
    path = folder / f"{scene_id}_aligned_bbox.npy"
    boxes = _load(path, (None, 8))
    if not np.isfinite(boxes).all():
        raise FileFormatError(path, "holds a number that is not finite")
    if (np.abs(boxes) > MAX_COORDINATE).any():
        raise FileFormatError(path, f"holds a number beyond {MAX_COORDINATE:g}")
    if (boxes[:, 3:6] < 0).any():
        raise FileFormatError(path, "holds a box of negative size")
    classes, numbers = boxes[:, 6], boxes[:, 7]
    if (classes != classes.round()).any() or (numbers != numbers.round()).any():
        raise FileFormatError(path, "columns 7 and 8 must be whole numbers: class and object id")
    if len(np.unique(numbers)) != len(numbers):
        repeated = int(next(number for number in numbers if (numbers == number).sum() > 1))
        raise FileFormatError(path, f"holds object {repeated} more than once")
    return boxes


def _load(path: Path, shape: tuple[int | None, ...]) -> np.ndarray:
    try:
        array = np.load(path, allow_pickle=False)
    except OSError as error:
        raise FileFormatError(path, f"cannot be opened: {error.strerror or error}") from error
    # numpy says of an empty file that it ends, of a cut archive that it is no zip
    except (ValueError, EOFError, MemoryError, zipfile.BadZipFile) as error:
        raise FileFormatError(path, f"not an array file: {error}") from error
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "fiu":
        raise FileFormatError(path, "does not hold one array of numbers")
    fits = array.ndim == len(shape) and all(
        want in (None, have) for want, have in zip(shape, array.shape, strict=True)
    )
    if not fits:
        raise FileFormatError(path, f"must have shape {shape}, got {array.shape}")
    return array
