"""A scene with its objects as a folder that other programs read, and that loads again.

FOLDER/scene.npz, images/    the scene, bit by bit (`r1_model.scene.storage`)
FOLDER/cloud.ply             its points
FOLDER/trajectory.txt        stamp tx ty tz qx qy qz qw of each keyframe (TUM): seconds, metres
FOLDER/objects.json          the scene graph: boxes, labels, relations
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from r1_model.geometry.poses import split_pose
from r1_model.objects.memory import ObjectMemory
from r1_model.objects.object_file import ObjectFileError, memory_from_json
from r1_model.scene.scene import Scene
from r1_model.scene.storage import SceneStorageError, load_scene, save_scene
from r1_ros.configuration.text_files import TextFileError, read_json
from r1_ros.pictures.ply import write_ply


def write_scene_folder(folder: Path, scene: Scene, graph: dict[str, Any]) -> None:
    """Write a scene.

    Args:
        folder: made where it is missing.
        scene: the map.
        graph: the scene graph, as `R1Client.scene_graph` returns it.

    Raises:
        SceneStorageError: disk full, permissions.
    """
    save_scene(scene, folder)
    lines = [
        f"{view.stamp / 1e9:.9f} " + " ".join(f"{v:.9g}" for v in np.concatenate(pose))
        for view in scene.views
        for pose in [split_pose(view.T_scene_camera)]
    ]
    try:
        write_ply(folder / "cloud.ply", scene.points, scene.colors)
        (folder / "trajectory.txt").write_text("".join(f"{line}\n" for line in lines))
        text = json.dumps(graph, ensure_ascii=False, indent=1)
        (folder / "objects.json").write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise SceneStorageError(f"cannot write {folder}: {error.strerror or error}") from error


def read_scene_folder(folder: Path) -> tuple[Scene, ObjectMemory]:
    """Scene and objects of a folder.

    Raises:
        SceneNotFoundError, CorruptSceneError, SceneStorageError: see `storage.load_scene`.
        ObjectFileError: objects.json is missing or damaged.
    """
    scene = load_scene(folder)
    try:
        return scene, memory_from_json(read_json(folder / "objects.json"))
    except TextFileError as error:
        raise ObjectFileError(str(error)) from None
