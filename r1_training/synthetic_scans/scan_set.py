"""A folder of synthetic scans and annotation files, as a lab has ScanNet and the benchmarks."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch

from r1_model.scene.scene import Scene, View
from r1_training.common.whole_files import written_whole
from r1_training.datasets.scannet.class_labels import read_labels
from r1_training.datasets.scannet.prepared import prepared_arrays
from r1_training.datasets.scannet.scans import read_scan, transform
from r1_training.datasets.scannet.splits import official_split
from r1_training.prepare.scannet_set import LABELS_NAME
from r1_training.synthetic.camera.observe import back_project
from r1_training.synthetic.camera.packed_rooms import pack_rooms
from r1_training.synthetic.camera.raytracer import render
from r1_training.synthetic.camera.sensor import apply_sensor
from r1_training.synthetic.camera.trajectories import intrinsics
from r1_training.synthetic.rooms.catalog import CATEGORIES
from r1_training.synthetic.rooms.elements import Room
from r1_training.synthetic.rooms.room import make_room
from r1_training.synthetic_scans import annotation_rows as rows_of
from r1_training.synthetic_scans.category_table import write_label_table
from r1_training.synthetic_scans.scan_mesh import ScanMesh, fuse_mesh
from r1_training.synthetic_scans.scan_questions import AskedScan
from r1_training.synthetic_scans.scannet_files import (
    write_annotation,
    write_mesh,
    write_scan_text,
    write_sens,
)

SENSOR_LEVEL = 0.2
MIN_VERTICES = 20  # of an object, or it is not annotated: as of evaluation, it was not seen
SETTINGS_NAME = "synthesized.json"
STRUCTURE = ("wall", "floor", "ceiling")
SEGMENT = 0.5  # metres, edge of the cells that cut objects and walls into segments
STRUCTURE_REACH = 0.06  # metres from floor or ceiling that are still theirs
NR3D_COLUMNS = (
    *("assignmentid", "stimulus_id", "utterance", "correct_guess", "speaker_id", "listener_id"),
    *("scan_id", "instance_type", "target_id", "dataset", "mentions_target_class"),
    *("uses_object_lang", "uses_spatial_lang", "uses_color_lang", "uses_shape_lang", "tokens"),
)
_SQA3D_HEAD = {
    "info": {"description": "Questions in SQA3D's schema about synthetic rooms.", "version": "1.0"},
    "license": {"name": "CC0 1.0"},
    "data_type": "scannet",
    "data_subtype": "v2",
}


@dataclass(frozen=True)
class ScanSettings:
    """What the scans are like.

    Attributes:
        scans: how many; one in five is of ScanNet's validation list, one in ten of its test list.
        seed: number of the first room.
        frames, width, height: of each recording.
        voxel: metres between the mesh's vertices.
        questions: samples a task and scan.
    """

    scans: int = 40
    seed: int = 0
    frames: int = 24
    width: int = 320
    height: int = 240
    voxel: float = 0.03
    questions: int = 12

    def __post_init__(self) -> None:
        if min(self.scans, self.frames, self.questions) < 1 or self.seed < 0:
            raise ValueError(f"scans, frames and questions must be 1 or more: {self}")
        if self.width < 16 or self.height < 16:
            raise ValueError(f"images must have 16x16 pixels or more: {self.width}x{self.height}")
        if not 0.01 <= self.voxel <= 0.2:
            raise ValueError(f"voxel must lie between 0.01 and 0.2 m, got {self.voxel}")


def synthesize_scans(
    folder: Path,
    settings: ScanSettings,
    *,
    workers: int = 1,
    on_scan: Callable[[str], None] = lambda scene_id: None,
) -> list[str]:
    """Writes `scannet/` and `annotations/`; scans that are there already are kept.

    Args:
        folder: to write to; made if missing.
        settings: of the scans.
        workers: processes.
        on_scan: called with each scene's id when its scan is there.

    Returns:
        ids of the scenes.

    Raises:
        OSError: a file cannot be written.
        ValueError: the folder holds scans of other settings.
    """
    scannet = folder / "scannet"
    for name in ("scans", "scans_test"):
        (scannet / name).mkdir(parents=True, exist_ok=True)
    write_label_table(scannet / LABELS_NAME, list(CATEGORIES))
    scenes = scene_ids(settings.scans)
    _same_settings(folder / SETTINGS_NAME, settings)
    tasks = [(scannet, scene_id, number, settings) for number, scene_id in enumerate(scenes)]
    asked = []
    if workers == 1:
        for task in tasks:
            asked.append(_write_scan(*task))
            on_scan(asked[-1].scene_id)
    else:
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            for scan in pool.map(_write_scan, *zip(*tasks, strict=True)):
                asked.append(scan)
                on_scan(scan.scene_id)
    write_annotations(folder / "annotations", asked)
    return scenes


def scene_ids(count: int) -> list[str]:
    """ScanNet's names for `count` scans, so that its split rules hold.

    Of every ten seven are on its training list, two on its validation list, one on its test list.

    Raises:
        ValueError: the lists have not enough names.
    """
    by_split: dict[str, list[str]] = {"train": [], "val": [], "test": []}
    for space in range(807):
        scene_id = f"scene{space:04d}_00"
        by_split[official_split(scene_id) or "train"].append(scene_id)
    turn = ("train", "train", "val", "train", "train", "train", "val", "train", "train", "test")
    if count > len(by_split["test"]) * len(turn):
        raise ValueError(f"ScanNet's lists have names for 1,000 scans, not for {count}")
    remaining = {split: iter(names) for split, names in by_split.items()}
    return [next(remaining[turn[number % len(turn)]]) for number in range(count)]


def _same_settings(path: Path, settings: ScanSettings) -> None:
    """Scans of two kinds must not stand beside one another; their number may grow."""
    content = asdict(replace(settings, scans=1))
    if path.is_file():
        earlier = json.loads(path.read_text(encoding="utf-8"))
        other = [name for name, value in content.items() if earlier.get(name) != value]
        if other and other != ["questions"]:
            raise ValueError(
                f"{path.parent} holds scans of {other[0]} {earlier.get(other[0])}, "
                f"not {content[other[0]]}: choose another folder"
            )
    _json(path, content)


def write_annotations(folder: Path, scans: Sequence[AskedScan]) -> None:
    """Every annotation file, in its official schema."""
    folder.mkdir(parents=True, exist_ok=True)
    by_split = {s: [scan for scan in scans if scan.split == s] for s in ("train", "val", "test")}
    for split in ("train", "val"):
        chosen = by_split[split]
        listed = [scan.scene_id for scan in chosen]
        _json(folder / f"ScanQA_v1.0_{split}.json", _each(chosen, rows_of.scanqa))
        _json(folder / f"ScanRefer_filtered_{split}.json", _each(chosen, rows_of.scanrefer))
        _text(folder / f"ScanRefer_filtered_{split}.txt", "\n".join(listed))
        _json(folder / f"multi3drefer_{split}.json", _each(chosen, rows_of.multi3drefer))
        for name, make in (
            ("embodied_dialogue_filtered", rows_of.dialogue),
            ("embodied_planning_filtered", rows_of.planning),
            ("scene_description", rows_of.description),
            ("embodied_question_answer", rows_of.embodied_qa),
        ):
            _json(folder / f"3d_llm_{name}_{split}.json", _each(chosen, make))
    tested = [row for scan in by_split["test"] for row in rows_of.scanqa(scan, answers=False)]
    _json(folder / "ScanQA_v1.0_test_w_obj.json", tested)
    _write_sqa3d(folder, by_split)
    # Nobody outside has the objects of test scans.
    annotated = [scan for scan in scans if scan.split != "test"]
    _write_nr3d(folder / "nr3d.csv", annotated)
    lines = [json.dumps(row) for row in _each(annotated, rows_of.scene30k)]
    _text(folder / "Scene-30K.jsonl", "\n".join(lines))
    captions = {
        scan.scene_id: {"captions": [row["answers"][0] for row in rows_of.description(scan)]}
        for scan in annotated
    }
    _json(folder / "scene_caption.json", captions)


def _write_sqa3d(folder: Path, by_split: dict[str, list[AskedScan]]) -> None:
    # SQA3D's test questions are about scans of ScanNet's validation list, as its validation's are.
    first = 0
    val = by_split["val"]
    for split, scans in (("train", by_split["train"]), ("val", val[::2]), ("test", val[1::2])):
        questions, annotations = [], []
        for scan in scans:
            asked, answered = rows_of.sqa3d(scan, first)
            questions += asked
            annotations += answered
            first += len(asked)
        for name, key, rows in (
            ("questions", "questions", questions),
            ("sqa_annotations", "annotations", annotations),
        ):
            path = folder / f"v1_balanced_{name}_{split}_scannetv2.json"
            _json(path, _SQA3D_HEAD | {key: rows})


def _write_nr3d(path: Path, scans: Sequence[AskedScan]) -> None:
    first = 0
    with written_whole(path) as part, part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, NR3D_COLUMNS)
        writer.writeheader()
        for scan in scans:
            rows = rows_of.nr3d(scan, first)
            writer.writerows(rows)
            first += len(rows)


def _write_scan(scannet: Path, scene_id: str, number: int, settings: ScanSettings) -> AskedScan:
    """One scan's folder, unless it is there; and what is asked about it, read back from it."""
    torch.set_num_threads(1)  # scans are made side by side
    split = official_split(scene_id) or "train"
    room = make_room(settings.seed + number, split)
    T_scan_map = np.eye(4) if split == "test" else _scan_frame(settings.seed + number)
    folder = scannet / ("scans_test" if split == "test" else "scans") / scene_id
    if not folder.is_dir():
        mesh, views = _recorded(room, settings)
        with written_whole(folder) as part:
            part.mkdir()
            _fill(part, scene_id, room, mesh, views, T_scan_map, annotated=split != "test")
    return _asked(scannet, folder, room, T_scan_map, settings.questions)


def _scan_frame(seed: int) -> np.ndarray:
    """T_scan_map (4, 4): a scan starts anywhere and is turned by any angle about z."""
    rng = np.random.default_rng([seed, 31])
    angle = rng.uniform(-math.pi, math.pi)
    T = np.eye(4)
    c, s = math.cos(angle), math.sin(angle)
    T[:2, :2] = (c, -s), (s, c)
    T[:3, 3] = rng.uniform((-4, -4, -0.3), (4, 4, 0.3))
    return T


def _recorded(room: Room, settings: ScanSettings) -> tuple[ScanMesh, list[View]]:
    """The fused mesh and the frames, both in the map frame."""
    packed = pack_rooms([room], views=settings.frames, partial=0)
    poses = packed.T_scene_camera[:, : settings.frames].float()
    K = intrinsics(packed.fov, settings.height, settings.width)
    drawn = render(
        packed,
        K[:, None].expand(-1, settings.frames, -1, -1),
        poses,
        settings.height,
        settings.width,
    )
    generator = torch.Generator().manual_seed(room.seed)
    color, depth, instance = apply_sensor(drawn, torch.tensor([SENSOR_LEVEL]), generator)
    points = back_project(depth, K[:, None], poses)[0].numpy()
    mesh = fuse_mesh(
        *(points, color[0].numpy(), instance[0].numpy(), depth[0].numpy()), settings.voxel
    )
    views = [
        View(
            color=color[0, k].numpy(),
            depth=depth[0, k].numpy(),
            K=K[0].double().numpy(),
            T_scene_camera=poses[0, k].double().numpy(),
            stamp=k,
            id=k,
            frame_id="camera_optical_frame",
        )
        for k in range(settings.frames)
    ]
    return mesh, views


def _fill(
    folder: Path,
    scene_id: str,
    room: Room,
    mesh: ScanMesh,
    views: list[View],
    T_scan_map: np.ndarray,
    *,
    annotated: bool,
) -> None:
    points = transform(T_scan_map, mesh.points)
    write_mesh(folder / f"{scene_id}_vh_clean_2.ply", mesh, points)
    moved = [replace(view, T_scene_camera=T_scan_map @ view.T_scene_camera) for view in views]
    write_sens(folder / f"{scene_id}.sens", moved)
    T_aligned_scan = np.linalg.inv(T_scan_map) if annotated else None
    write_scan_text(
        *(folder / f"{scene_id}.txt", T_aligned_scan, views[0], len(views), room.type.title())
    )
    parts = _parts(room, mesh)
    labels = [item.category for item in room.objects] + list(STRUCTURE)
    shown = np.bincount(parts, minlength=len(labels) + 1)
    listed = [part for part in range(1, len(labels) + 1) if shown[part] >= MIN_VERTICES]
    ids = {part: number for number, part in enumerate(listed) if part <= len(room.objects)}
    _json(folder / f"{scene_id}.room.json", {"seed": room.seed, "object_ids": ids})
    if not annotated:
        return
    cell = np.floor(points / SEGMENT).astype(np.int64)
    _, segments = np.unique(np.column_stack([parts, cell]), axis=0, return_inverse=True)
    segments = segments.reshape(-1)
    groups = [(labels[part - 1], np.unique(segments[parts == part])) for part in listed]
    write_annotation(folder, scene_id, segments, groups)


def _parts(room: Room, mesh: ScanMesh) -> np.ndarray:
    """(N,) id of each vertex' object; after the last object come wall, floor and ceiling."""
    in_room = transform(np.linalg.inv(room.T_map_room), mesh.points)
    wall = len(room.objects) + 1
    structure = np.full(len(mesh.points), wall)
    structure[in_room[:, 2] < STRUCTURE_REACH] = wall + 1
    structure[in_room[:, 2] > room.size[2] - STRUCTURE_REACH] = wall + 2
    return np.where(mesh.instance > 0, mesh.instance, structure)


def _asked(
    scannet: Path, folder: Path, room: Room, T_scan_map: np.ndarray, questions: int
) -> AskedScan:
    """The scan as training will read it: boxes and bounds are those of its files."""
    scene_id = folder.name
    scan = read_scan(folder, read_labels(scannet / LABELS_NAME))
    vertices = prepared_arrays(scan)["aligned_vert"]
    cloud = Scene(points=vertices[:, :3].copy(), colors=vertices[:, 3:6].astype(np.uint8))
    written = json.loads((folder / f"{scene_id}.room.json").read_text(encoding="utf-8"))
    ids = {int(part): number for part, number in written["object_ids"].items()}
    found = {int(box[7]): (box[:3], box[3:6]) for box in scan.aligned_boxes}
    return AskedScan(
        scene_id=scene_id,
        split=official_split(scene_id) or "train",
        room=room,
        object_ids=ids,
        boxes={part: found[number] for part, number in ids.items() if number in found},
        bounds=cloud.bounds(),
        T_scan_aligned=T_scan_map,
        questions=questions,
    )


def _each(scans: Sequence[AskedScan], make: Callable[[AskedScan], list[Any]]) -> list[Any]:
    return [row for scan in scans for row in make(scan)]


def _json(path: Path, content: object) -> None:
    _text(path, json.dumps(content, indent=1))


def _text(path: Path, content: str) -> None:
    with written_whole(path) as part:
        part.write_text(content + "\n", encoding="utf-8")
