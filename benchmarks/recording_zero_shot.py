"""A model on a real recording that it was never trained on: objects found, questions answered.

The recording is an RGB-D folder (`r1_ros.bags.rgbd_folder`) with objects.json and questions.json.
It is fused by the mapper's own map, then asked. Acc@0.25 of an object: some detection of a fitting
name overlaps its box by more than 0.25 (best IoU over all detections is printed as well).

    python benchmarks/recording_zero_shot.py FOLDER [--model r1-tiny] [--out output/zero_shot.json]

Without FOLDER it is skipped: no recording ships with this project.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from r1_model.geometry.boxes import aabb_iou
from r1_model.reasoner import Reasoner
from r1_model.scene.scene import Scene
from r1_ros.bags.rgbd_folder import RgbdFolder
from r1_ros.configuration.parameters import MapperConfig
from r1_ros.mapping.scene_map import RgbdFrame, SceneMap

TASKS = {"dense_captioning": "dense_caption"}


def fuse(folder: Path, frames: Sequence[int] | np.ndarray | None = None) -> Scene:
    """The scene that the mapper makes of a recording, or of some of its frames."""
    recording, config = RgbdFolder.open(folder), MapperConfig()
    scene_map = SceneMap(config)
    for number in range(len(recording.frames)) if frames is None else frames:
        frame = recording.frames[number]
        scene_map.add_frame(
            RgbdFrame(
                color=recording.read_color(frame),
                depth=recording.read_depth(frame),
                K=recording.K,
                T_scene_camera=frame.pose,
                stamp=int(frame.time * 1e9),
                frame_id="camera_optical_frame",
            ),
            config,
        )
    return scene_map.snapshot().scene


def fits(label: str, name: str) -> bool:
    """A dining table is a table; a game controller is not."""
    return name in label or label in name


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--model", default="r1-tiny")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--out", type=Path, default=Path("output/zero_shot.json"))
    arguments = parser.parse_args()
    if arguments.folder is None:
        print("skipped: no recording given (FOLDER, or make bench RECORDING=FOLDER)")
        return

    scene = fuse(arguments.folder)
    reasoner = Reasoner.from_pretrained(arguments.model, device=arguments.device)
    found = reasoner.detect(scene, least_score=0.1)
    things = json.loads((arguments.folder / "objects.json").read_text())["objects"]
    report = {"model": arguments.model, "points": len(scene.points), "objects": [], "questions": []}
    boxes = {}
    print(f"{len(scene.points)} points, {len(scene.views)} keyframes, {len(found)} detections\n")
    for thing in things:
        center, size = np.array(thing["center"]), np.array(thing["size"])
        boxes[thing["id"]] = (center, size)
        overlaps = [(float(aabb_iou(b.center, b.size, center, size)), b) for b in found]
        best, box = max(overlaps, key=lambda pair: pair[0], default=(0.0, None))
        named = max((iou for iou, b in overlaps if fits(b.label, thing["label"])), default=0.0)
        label = box.label if box is not None and best > 0 else "-"
        row = {"id": thing["id"], "best_iou": best, "as": label, "named_iou": named}
        report["objects"].append(row)
        print(f"{thing['id']:14s} best IoU {best:.2f} as {label:14s} named IoU {named:.2f}")
    hits = [row["named_iou"] > 0.25 for row in report["objects"]]
    print(f"\nAcc@0.25 with a fitting name: {sum(hits)}/{len(hits)}\n")

    for item in json.loads((arguments.folder / "questions.json").read_text()):
        task = TASKS.get(item["task"], item["task"])
        answer = reasoner.ask(scene, item["question"], task=task)
        iou = None
        if item["objects"] and task == "grounding":
            wanted = boxes[item["objects"][0]]
            iou = max((float(aabb_iou(b.center, b.size, *wanted)) for b in answer.boxes), default=0)
        row = {"question": item["question"], "answer": answer.answer, "raw": answer.raw}
        report["questions"].append({**row, "expected": item["answers"], "iou": iou})
        truth = item["answers"] or item["objects"]
        print(
            f"{item['question']}\n  -> {answer.answer}"
            + (f"  IoU {iou:.2f}" if iou is not None else "")
        )
        print(f"     expected {truth}; {answer.total_seconds:.2f} s")
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(report, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
