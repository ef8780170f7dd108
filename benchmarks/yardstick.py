"""The yardstick for real rooms: one command that says what a model sees, names, finds and needs.

- Test rooms of meshes (unseen ones, fixed seeds) and flats of two and four rooms by kind of
  question, recorded and mapped as on a robot, with swap tests beside: another room's pictures, no
  depth, another room's points.
- The same rooms turned by 0 to 90 degrees: recall of boxes with the right category.
- The test set of rooms of primitives beside it, turned too.
- Any folder of real recordings: boxes of any name, boxes with a fitting name (whole words),
  grounding by oriented IoU, questions, a list of confusions, pictures; turned by 0 to 90 degrees.

    python benchmarks/yardstick.py [FOLDER ...] [--model r1-tiny] [--pack data/meshes.npz]

Without a pack the test rooms are left out, and it says so; without FOLDER the recordings are.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from PIL import Image, ImageDraw

from r1_model.geometry.oriented_boxes import footprint, oriented_iou, turn
from r1_model.reasoner import Reasoner
from r1_model.scene.scene import Scene
from r1_model.text.answer import Box, Turn
from r1_ros.bags.rgbd_folder import RgbdFolder
from r1_ros.configuration.parameters import MapperConfig
from r1_ros.mapping.scene_map import RgbdFrame, SceneMap
from r1_training.common.present import present
from r1_training.evaluation.fitting_names import fits
from r1_training.evaluation.room_evaluator import ObservedRoom, points_inside, samples_about
from r1_training.evaluation.swaps import SWAPS
from r1_training.synthetic.camera.observe import rendered, room_to_scene
from r1_training.synthetic.camera.packed_rooms import pack_rooms
from r1_training.synthetic.camera.sensor import apply_sensor, noisy_poses, sample_levels
from r1_training.synthetic.camera.tops import shown_tops
from r1_training.synthetic.camera.trajectories import intrinsics, smooth_path
from r1_training.synthetic.camera.view_sets import HARDLY
from r1_training.synthetic.household.pack import MeshPack, MeshPackError, load_pack
from r1_training.synthetic.household.rooms import make_household_room
from r1_training.synthetic.household.sensors import GREY, other_sensors
from r1_training.synthetic.language import fill_boxes
from r1_training.synthetic.language.answer_check import check_parsed
from r1_training.synthetic.language.sample import Sample, placeholders
from r1_training.synthetic.language.words.words_en import NOUNS
from r1_training.synthetic.rooms.elements import Room
from r1_training.synthetic.rooms.room import make_room

HEIGHT, WIDTH = 240, 320
STAMP_NS = 100_000_000  # between frames
LEAST_PIXELS = 60  # of all frames: an object that fewer show was not seen
LEAST_POINTS = 20  # of a cloud that was not recorded
LEAST_SCORE = 0.1  # of a detection
FLATS = (2, 4)  # rooms
YAWS = (0, 15, 30, 45, 60, 75, 90)  # degrees
TASKS = {"dense_captioning": "dense_caption"}


def mapped(frames: Sequence[RgbdFrame]) -> Scene:
    """The scene that the mapper makes of frames, with its own settings."""
    config = MapperConfig()
    scene_map = SceneMap(config)
    for frame in frames:
        scene_map.add_frame(frame, config)
    return scene_map.snapshot().scene


def recorded_room(room: Room, pack: MeshPack, frames: int) -> ObservedRoom:
    """A walk through a room, mapped, in the room's own frame."""
    packed = pack_rooms([room], views=1)
    rng = np.random.default_rng([room.seed, 7])
    path, fov = smooth_path(room, rng, frames)
    generator = torch.Generator().manual_seed(room.seed)
    level = sample_levels(1, generator)
    K = intrinsics(torch.tensor([fov]), HEIGHT, WIDTH)
    shown: Counter[int] = Counter()
    taken, prints = [], []
    for k, pose in enumerate(path):
        T = torch.from_numpy(pose)[None, None]
        seen, printed = rendered(packed, K[:, None], T, HEIGHT, WIDTH, pack, 1.0)
        prints.append(present(printed, "the prints of a room of meshes"))
        color, depth, instance = apply_sensor(seen, level, generator)
        depth = other_sensors(
            *(depth, seen.depth, seen.strength, packed.sensors, K[:, None], level, generator)
        )
        ids, counts = torch.unique(instance[depth > 0], return_counts=True)
        shown.update(dict(zip(ids.tolist(), counts.tolist(), strict=True)))
        believed = noisy_poses(T.float(), level, generator)[0, 0].double().numpy()
        taken.append(
            RgbdFrame(
                color=color[0, 0].numpy(),
                depth=(depth[0, 0] * 1000).round().numpy().astype(np.uint16),  # millimetres
                K=K[0].double().numpy(),
                T_scene_camera=believed,
                stamp=k * STAMP_NS,
                frame_id="camera_optical_frame",
            )
        )
    scene = mapped(taken)
    if room.crop is not None:
        inside = ((scene.points >= room.crop[0]) & (scene.points <= room.crop[1])).all(1)
        scene = replace(
            scene, points=scene.points[inside], colors=scene.colors[inside], normals=None
        )
    if room.sensor == "lidar":
        scene = replace(scene, colors=np.full_like(scene.colors, GREY))
    visible = [thing.id for thing in room.objects if shown[thing.id] >= LEAST_PIXELS]
    # what a keyframe shows can be read, what hardly any does cannot; of the rest it is hard to say
    kept = [prints[view.stamp // STAMP_NS] for view in scene.views]
    readable = torch.stack([one.readable[0, 0] for one in kept]).any(0).tolist()
    unread = (torch.stack([one.seen[0, 0] for one in kept]).amax(0) < HARDLY).tolist()
    sure = {id: readable[id - 1] for id in visible if readable[id - 1] or unread[id - 1]}
    tops = shown_tops([room.object(id) for id in visible], scene.points)
    return ObservedRoom(room, scene, visible, sure, tops)


def is_right(reasoner: Reasoner, scene: Scene, room: Room, sample: Sample) -> bool:
    """Ask a question about a scene, and judge the answer by the room."""
    boxes = {thing.id: (thing.center, thing.size) for thing in room.objects}
    bounds = scene.bounds()

    known = {**boxes, **sample.extra_boxes}
    history = [Turn(question, fill_boxes(raw, known, bounds)) for question, raw in sample.turns]
    meant = [Box(*known[id]) for id in placeholders(sample.question)]  # as a user points at it
    question = re.sub(r" ?<obj:\d+>", "", sample.question)
    target = meant[0] if meant else None
    said = reasoner.ask(scene, question, task=sample.task, history=history, target=target)
    verdict = check_parsed(sample, said, boxes, room)
    return bool(verdict.get("acc25", verdict["correct"]))


def test_rooms(
    reasoner: Reasoner, pack: MeshPack, rooms: int, flats: int, questions: int, frames: int
) -> dict[str, object]:
    """Questions by kind with all swaps, and recall at every yaw, by the number of rooms."""
    made: dict[int, list[ObservedRoom]] = {}
    for count, many in ((1, rooms), *((count, flats) for count in FLATS)):
        for seed in range(many):
            room = make_household_room(seed, pack, "test", rooms=count)
            made.setdefault(count, []).append(recorded_room(room, pack, frames))
            points = len(made[count][-1].scene.points)
            print(f"  {count} x {room.type} {seed}: {room.sensor}, {points:,} points", flush=True)
    right: dict[str, dict[str, list[bool]]] = {}
    for count, places in made.items():
        for k, place in enumerate(places):
            room, other = place.room, places[(k + 1) % len(places)].scene
            samples = samples_about(
                *(room, place.visible, place.readable, place.topped), 0, questions, "test"
            )
            for name, swap in SWAPS.items():
                swapped = swap(place.scene, other)
                for sample in samples:
                    # of another room's points what is meant may lie outside: nothing is said
                    shown = name == "true" or points_inside(replace(place, scene=swapped), sample)
                    correct = shown and is_right(reasoner, swapped, room, sample)
                    kinds = (sample.task, f"{sample.task}: {sample.kind}", f"on {room.sensor}")
                    for kind in (*kinds, f"rooms: {count}"):
                        right.setdefault(kind, defaultdict(list))[name].append(correct)
    kinds = {
        kind: {name: _mean(hits) for name, hits in by_swap.items()}
        | {"questions": len(by_swap["true"])}
        for kind, by_swap in sorted(right.items())
    }
    recall = {count: recall_of(reasoner, places) for count, places in made.items()}
    return {"rooms": rooms, "flats": flats, "kinds": kinds, "recall": recall}


def recall_of(reasoner: Reasoner, places: Sequence[ObservedRoom]) -> dict[int, dict[str, float]]:
    """Yaw in degrees -> recall of boxes of any name, and of a fitting one."""
    recall = {}
    for yaw in YAWS:
        found = [room_recall(reasoner, p.scene, p.room, p.visible, yaw) for p in places]
        recall[yaw] = {
            name: _mean([hit for one in found for hit in one[name]]) for name in ("any", "named")
        }
    return recall


def rooms_of_primitives(reasoner: Reasoner, rooms: int, questions: int) -> dict[str, dict]:
    """Tasks with shares of right answers and questions asked, and recall at every yaw."""
    right: dict[str, list[bool]] = defaultdict(list)
    places = []
    for seed in range(rooms):
        room = make_room(seed, "test")
        scene, counts = room_to_scene(room, seed, views=12, points=81_920, keep_views=12)
        visible = [id for id, points in counts.items() if points >= LEAST_POINTS]
        places.append(ObservedRoom(room, scene, visible, {}))
        for sample in samples_about(room, visible, {}, {}, 0, questions, "test"):
            right[sample.task].append(is_right(reasoner, scene, room, sample))
    tasks = {task: [_mean(hits), len(hits)] for task, hits in sorted(right.items())}
    return {"tasks": tasks, "recall": recall_of(reasoner, places)}


def room_recall(
    reasoner: Reasoner, scene: Scene, room: Room, visible: list[int], degrees: int
) -> dict[str, list[bool]]:
    """Of every visible object: does some box, and does one of its category, overlap it by 0.25?"""
    yaw = math.radians(degrees)
    T = turn(yaw)[:3, :3]
    found = reasoner.detect(scene.turned(yaw), least_score=LEAST_SCORE)
    hits: dict[str, list[bool]] = {"any": [], "named": []}
    for id in visible:
        thing = room.object(id)
        near = overlapping(found, (T @ thing.center, thing.size, yaw))
        names = [*NOUNS[thing.category], thing.category]
        hits["any"].append(bool(near))
        hits["named"].append(any(fits(box.label, names) for box in near))
    return hits


def overlapping(found: Sequence[Box], truth: tuple[np.ndarray, np.ndarray, float]) -> list[Box]:
    """Boxes whose oriented IoU with the true one exceeds 0.25, the best first."""
    scored = [(oriented_iou((box.center, box.size, box.yaw), truth), box) for box in found]
    near = [pair for pair in scored if pair[0] > 0.25]
    return [box for _, box in sorted(near, key=lambda pair: -pair[0])]


def recording(
    reasoner: Reasoner, folder: Path, pictures: Path | None, ask: bool = True
) -> dict[str, object]:
    """A real recording at every yaw; its questions, too, unless told not to `ask`."""
    recorded = RgbdFolder.open(folder)
    scene = mapped(
        [
            RgbdFrame(
                color=recorded.read_color(frame),
                depth=recorded.read_depth(frame),
                K=recorded.K,
                T_scene_camera=frame.pose,
                stamp=int(frame.time * 1e9),
                frame_id="camera_optical_frame",
            )
            for frame in recorded.frames
        ]
    )
    things = json.loads((folder / "objects.json").read_text(encoding="utf-8"))["objects"]
    asked = json.loads((folder / "questions.json").read_text(encoding="utf-8"))
    report: dict[str, object] = {"objects": len(things), "points": len(scene.points), "yaw": {}}
    confusions: Counter[str] = Counter()
    for degrees in YAWS:
        yaw = math.radians(degrees)
        T = turn(yaw)[:3, :3]
        turned = scene.turned(yaw)
        found = reasoner.detect(turned, least_score=LEAST_SCORE)
        truth = {t["id"]: (T @ np.array(t["center"]), np.array(t["size"]), yaw) for t in things}
        counts: Counter[str] = Counter()
        for thing in things:
            near = overlapping(found, truth[thing["id"]])
            names = [thing["label"], *thing.get("also", [])]
            named = any(fits(box.label, names) for box in near)
            counts["any name"] += bool(near)
            counts["fitting name"] += named
            if near and not named and degrees == 0:
                confusions[f"{thing['label']} -> {near[0].label}"] += 1
        if ask:
            counts.update(answered(reasoner, turned, asked, truth))
        report["yaw"][degrees] = dict(counts)
        if degrees == 0 and pictures is not None:
            pictures.mkdir(parents=True, exist_ok=True)
            drawn = picture(turned, found, list(truth.values()))
            drawn.save(pictures / f"{folder.name}.png")
    return report | {"confusions": dict(confusions.most_common())}


def answered(
    reasoner: Reasoner, scene: Scene, asked: Sequence[dict], truth: dict[str, tuple]
) -> Counter[str]:
    """Grounding questions by oriented IoU, others by their accepted answers as whole words."""
    counts: Counter[str] = Counter()
    for item in asked:
        task = TASKS.get(item["task"], item["task"])
        if task not in ("grounding", "qa") or (task == "qa" and not item["answers"]):
            continue
        said = reasoner.ask(scene, item["question"], task=task)
        if task == "grounding":
            wanted = [truth[id] for id in item["objects"]]
            hit = any(overlapping(said.boxes, one) for one in wanted)
        else:
            text = said.answer.lower()
            hit = any(re.search(rf"\b{re.escape(a.lower())}\b", text) for a in item["answers"])
        counts[task] += hit
        counts[f"{task} asked"] += 1
    return counts


def picture(scene: Scene, found: Sequence[Box], truth: Sequence[tuple]) -> Image.Image:
    """The cloud from above, true boxes green, detections red with their names."""
    size = 900
    low, high = scene.bounds()
    scale = size / max((high - low)[:2])
    order = np.argsort(scene.points[:, 2])
    place = ((scene.points[order, :2] - low[:2]) * scale).astype(int)
    inside = ((place >= 0) & (place < size)).all(1)
    image = np.full((size, size, 3), 255, np.uint8)
    image[size - 1 - place[inside, 1], place[inside, 0]] = scene.colors[order][inside]
    drawn = Image.fromarray(image)
    draw = ImageDraw.Draw(drawn)

    def outline(box: tuple, color: tuple[int, int, int], text: str = "") -> None:
        dots = (footprint(*box) - low[:2]) * scale
        corners = [(x, size - 1 - y) for x, y in dots]
        draw.polygon(corners, outline=color, width=2)
        draw.text(min(corners), text, fill=color)

    for box in truth:
        outline(box, (20, 160, 60))
    for box in found:
        outline((box.center, box.size, box.yaw), (220, 40, 30), box.label)
    return drawn


def _mean(hits: Sequence[bool]) -> float:
    return round(float(np.mean(hits)), 3) if len(hits) else float("nan")


def _print_kinds(kinds: dict[str, dict[str, float]]) -> None:
    print(f"{'':34s}{'asked':>6s}" + "".join(f"{name:>14s}" for name in SWAPS))
    for kind, row in kinds.items():
        figures = "".join(f"{row[name]:14.3f}" for name in SWAPS)
        print(f"{kind:34s}{row['questions']:6d}{figures}")


def _print_recall(name: str, recall: dict[int, dict[str, float]]) -> None:
    for yaw, row in recall.items():
        figures = f"recall@0.25 {row['any']:.3f}, named {row['named']:.3f}"
        print(f"{name}, turned by {yaw:2d}: {figures}")


def main(
    recordings: Annotated[list[Path] | None, typer.Argument(help="RGB-D folders.")] = None,
    model: str = "r1-tiny",
    pack_path: Annotated[Path, typer.Option("--pack")] = Path("data/meshes.npz"),
    rooms: Annotated[int, typer.Option(help="Test rooms of meshes.")] = 12,
    flats: Annotated[int, typer.Option(help="Of two rooms, and as many of four.")] = 4,
    questions: Annotated[int, typer.Option(help="Of each room; 0: boxes alone.")] = 16,
    frames: Annotated[int, typer.Option(max=80, help="Of a recording of a test room.")] = 80,
    old_rooms: Annotated[int, typer.Option(help="Test rooms of primitives.")] = 16,
    align: Annotated[
        bool | None, typer.Option("--align/--no-align", help="Instead of what the model says.")
    ] = None,
    device: str = "auto",
    pictures: Annotated[Path | None, typer.Option(help="Folder for pictures.")] = None,
    json_path: Annotated[Path, typer.Option("--json")] = Path("output/yardstick.json"),
) -> None:
    reasoner = Reasoner.from_pretrained(model, device=device)
    if align is not None:
        reasoner.settings.align_to_walls = align
    report: dict[str, object] = {"model": model, "align": reasoner.settings.align_to_walls}
    try:
        pack = load_pack(pack_path)
    except MeshPackError as error:
        print(f"test rooms of meshes: left out, {error}")
    else:
        print("test rooms of meshes")
        report["meshes"] = test_rooms(reasoner, pack, rooms, flats, questions, frames)
        _print_kinds(report["meshes"]["kinds"])
        for count, recall in report["meshes"]["recall"].items():
            _print_recall(f"rooms: {count}", recall)
    if old_rooms:
        report["primitives"] = rooms_of_primitives(reasoner, old_rooms, questions)
        print("test rooms of primitives")
        for task, (mean, count) in report["primitives"]["tasks"].items():
            print(f"{task:34s}{count:6d}{mean:14.3f}")
        _print_recall("primitives", report["primitives"]["recall"])
    if not recordings:
        print("real recordings: none given")
    report["recordings"] = {}
    for folder in recordings or ():
        one = recording(reasoner, folder, pictures, questions > 0)
        report["recordings"][folder.name] = one
        print(f"{folder.name}: {one['objects']} objects, {one['points']:,} points")
        for yaw, counts in one["yaw"].items():
            print(f"  turned by {yaw:2d}: " + ", ".join(f"{k} {v}" for k, v in counts.items()))
        print("  confusions: " + ", ".join(f"{k} ({v})" for k, v in one["confusions"].items()))
    json_path.parent.mkdir(parents=True, exist_ok=True)
    json_path.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
