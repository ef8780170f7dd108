"""Cap3D: captions of objects that are clouds alone; the model looks at rendered views of them."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from plyfile import PlyData, PlyParseError

from r1_model.errors import R1Error
from r1_model.scene.point_colors import channels_of, colors_as_bytes
from r1_model.scene.scene import Scene, View
from r1_model.views.render_views import SIZE, camera_matrix, point_spacing, render
from r1_model.views.visibility import look_at
from r1_training.common.processes import Processes
from r1_training.common.shared_lines import SharedLines
from r1_training.datasets.errors import FileFormatError
from r1_training.datasets.scanrefer import CAPTION_QUESTION
from r1_training.metrics.errors import EvaluationInputError
from r1_training.prediction.predict_rows import Predicted, done_before, merged
from r1_training.prediction.switches import SwitchedReasoner

ENDINGS = (".ply", ".npy", ".npz")
DISTANCE = 1.6  # of the cameras, over the object's longest side
ELEVATION = np.radians(20.0)  # of the cameras above the object's middle
RENDERED = 8
UPRIGHT = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])  # y up, as Objaverse has it -> z up


def caption_objects(
    folder: Path,
    out: Path,
    reasoner: SwitchedReasoner,
    model: str,
    *,
    uids: frozenset[str] | None = None,
    group: Processes | None = None,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Predicted:
    """Caption every object of a folder and append to `out`; what it holds is not asked again.

    Args:
        folder: clouds `UID.ply`, `.npy` or `.npz`, see `read_cloud`.
        out: `.jsonl`.
        reasoner: the model.
        model: its folder or name, which goes into every line.
        uids: of the objects that are wanted; None: all.
        group: the processes, which share the objects; None: this one is alone.
        on_progress: called with the captions that are there and those wanted, of this process.

    Raises:
        EvaluationInputError: the folder holds no wanted object.
        PredictionError: the file is of another model or data set.
    """
    paths = {p.stem: p for p in sorted(folder.glob("*")) if p.suffix in ENDINGS}
    wanted = sorted(paths) if uids is None else sorted(uids)
    if not paths or not wanted:
        raise EvaluationInputError(f"{folder} holds no cloud UID{' or UID'.join(ENDINGS)}")
    result = Predicted()
    group = group or Processes()
    wanted = group.share(wanted)
    lines = SharedLines(out, group)
    origin = {"dataset": "cap3d", "model": model, "trained": reasoner.trained}
    origin |= {"switches": reasoner.switches.name}
    try:
        done = done_before(lines, origin)
        for uid in wanted:
            if uid in done:
                result.earlier += 1
            elif uid not in paths:
                result.unprepared[uid] += 1
            else:
                try:
                    reasoner.seed(zlib.crc32(uid.encode()))
                    answer = reasoner.ask(
                        read_cloud(paths[uid]),
                        CAPTION_QUESTION,
                        task="object_caption",
                        max_new_tokens=reasoner.switches.max_new_tokens,
                    )
                except (FileFormatError, R1Error) as error:
                    result.problems[uid] = str(error)
                else:
                    lines.append({"id": uid} | origin | {"answer": answer.answer})
                    result.made += 1
            on_progress(result.earlier + result.made, len(wanted))
    finally:
        lines.close()
    return merged(lines, group, result)


def read_cloud(path: Path) -> Scene:
    """A coloured cloud of an object, z up, its longest side 1 m, with rendered views of it.

    `.ply`: vertices with red, green, blue or r, g, b; `.npy`: (N, 6) x y z r g b, or (6, N) as
    Cap3D's tensors are; `.npz`: the same under `points`. Colours are of any range: see
    `point_colors.colors_as_bytes`.

    Raises:
        FileFormatError: cannot be read, or is something else.
    """
    points, colors = _ply(path) if path.suffix == ".ply" else _array(path)
    if not len(points):
        raise FileFormatError(path, "must hold one point at least")
    if not (np.isfinite(points).all() and np.isfinite(colors).all()):
        raise FileFormatError(path, "holds a number that is not finite")
    points = points @ UPRIGHT.T
    low, high = points.min(0), points.max(0)
    points = (points - (low + high) / 2) / max(float((high - low).max()), 1e-9)
    scene = Scene(points=points.astype(np.float32), colors=colors_as_bytes(colors))
    return replace(scene, views=object_views(scene, RENDERED))


def object_views(scene: Scene, count: int) -> list[View]:
    """Views of an object around the origin from `count` sides, a little from above."""
    spacing, K = point_spacing(scene.points), camera_matrix()
    views = []
    for number, angle in enumerate(np.linspace(0, 2 * np.pi, count, endpoint=False)):
        level = DISTANCE * np.cos(ELEVATION)
        eye = np.array([level * np.cos(angle), level * np.sin(angle), DISTANCE * np.sin(ELEVATION)])
        pose = look_at(eye, np.zeros(3))
        color, depth = render(scene.points, scene.colors, K, pose, SIZE, spacing)
        views.append(View(color, depth, K, pose, id=number, frame_id=f"rendered_{number}"))
    return views


def _ply(path: Path) -> tuple[np.ndarray, np.ndarray]:
    try:
        vertex = PlyData.read(str(path))["vertex"]
        channels = channels_of({p.name for p in vertex.properties})
        if channels is None:
            raise FileFormatError(path, "its vertices have no colours red, green, blue")
        points = np.stack([np.asarray(vertex[name], np.float64) for name in "xyz"], 1)
        return points, np.stack([vertex[name] for name in channels], 1)
    except FileFormatError:
        raise
    except OSError as error:
        raise FileFormatError(path, f"cannot be opened: {error.strerror}") from error
    except (PlyParseError, KeyError, ValueError, MemoryError, OverflowError) as error:
        raise FileFormatError(path, f"not a coloured PLY cloud: {error}") from error


def _array(path: Path) -> tuple[np.ndarray, np.ndarray]:
    try:
        loaded: Any = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.lib.npyio.NpzFile):
            with loaded:
                if "points" not in loaded.files:
                    held = ", ".join(loaded.files) or "nothing"
                    raise FileFormatError(path, f"must hold an array `points`; it has {held}")
                loaded = loaded["points"]
    except FileFormatError:
        raise
    except OSError as error:
        raise FileFormatError(path, f"cannot be opened: {error.strerror or error}") from error
    except (ValueError, EOFError, zlib.error, zipfile.BadZipFile, MemoryError) as error:
        raise FileFormatError(path, f"not an array file: {error}") from error
    if loaded.dtype.kind not in "fiu":
        raise FileFormatError(path, f"must hold numbers, not {loaded.dtype}")
    if loaded.ndim == 2 and loaded.shape[1] != 6 and loaded.shape[0] == 6:
        loaded = loaded.T
    if loaded.ndim != 2 or loaded.shape[1] != 6:
        raise FileFormatError(path, f"must hold (N, 6) x y z r g b, got {loaded.shape}")
    return loaded[:, :3].astype(np.float64), loaded[:, 3:]
