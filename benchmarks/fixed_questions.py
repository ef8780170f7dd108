"""The same 200 questions to a model, its raw answers as JSON: what a change did to any answer.

Scenes and questions are made once and kept in a folder, so that later versions of the rooms, of the
questions or of the mapper are asked the very same. 168 questions are about synthetic rooms of the
test split (seven tasks, three languages, eight each), 32 about a recording (RGB-D folder). Every
other question has its task told; the other ones leave it open.

    python benchmarks/fixed_questions.py        # those about rooms, made where they are missing
    python benchmarks/fixed_questions.py make FOLDER --recording RGBD_FOLDER
    python benchmarks/fixed_questions.py ask FOLDER --json before.json [--model r1-tiny]
    python benchmarks/fixed_questions.py compare before.json after.json

One thread on the CPU: equal code gives equal bytes on a machine.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
import torch

from r1_model.reasoner import Reasoner
from r1_model.scene.scene import Scene
from r1_model.scene.storage import load_scene, save_scene
from r1_model.text.answer import LANGUAGES, TASKS, Box, Turn
from r1_training.synthetic.camera.observe import room_to_scene
from r1_training.synthetic.language.make import make_samples
from r1_training.synthetic.language.sample import Sample, fill_boxes
from r1_training.synthetic.rooms.elements import Room
from r1_training.synthetic.rooms.room import make_room

FOLDER, OUT = Path("output/fixed_questions"), Path("output/fixed_questions.json")
EACH = 8  # questions of a task in a language about synthetic rooms
LEAST_POINTS = 24  # of an object that may be asked about
FIRST_ROOM = 90_000  # beyond those of evaluate-rooms' seeds
# (task, the object that is meant, wordings in the order of LANGUAGES)
RECORDING_QUESTIONS = (
    ("qa", None, ("How many chairs are there?", "有幾張椅子？", "有几把椅子？")),
    ("qa", None, ("What is the table made of?", "桌子是什麼做的？", "桌子是什么做的？")),
    ("grounding", None, ("Find the table.", "找出桌子。", "找到桌子。")),
    (
        "grounding",
        None,
        ("Where is the white mug?", "白色的馬克杯在哪裡？", "白色的马克杯在哪里？"),
    ),
    ("object_caption", "table_0", ("Describe this object.", "描述這個物體。", "描述这个物体。")),
    (
        "dense_caption",
        None,
        ("Describe every object in the room.", "描述房間裡的每個物體。", "描述房间里的每个物体。"),
    ),
    ("dialogue", None, ("And what colour is it?", "那它是什麼顏色？", "那它是什么颜色？")),
    (
        "reasoning",
        None,
        ("Could people eat here?", "這裡可以吃飯嗎？為什麼？", "这里可以吃饭吗？为什么？"),
    ),
    (
        "planning",
        None,
        ("Bring me the mug from the table.", "把桌上的馬克杯拿給我。", "把桌上的马克杯拿给我。"),
    ),
    (
        "planning",
        None,
        ("Prepare the table for coffee.", "準備喝咖啡的桌子。", "准备喝咖啡的桌子。"),
    ),
    ("qa", None, ("is there a red cabinet", "有紅色的櫃子嗎")),
)


def recorded_scene(folder: Path) -> Scene:
    """The map that the mapper makes of a recording."""
    from benchmarks.recording_zero_shot import fuse

    return fuse(folder)


def recording_questions(objects: list[dict]) -> Iterator[dict]:
    """Questions about the recording as plain data, see `ask_all`."""
    boxes = {thing["id"]: [thing["center"], thing["size"]] for thing in objects}
    for task, target, wordings in RECORDING_QUESTIONS:
        for question in wordings:
            history = [["Find the table.", ""]] if task == "dialogue" else []
            yield {"scene": "recording", "task": task, "question": question, "history": history} | (
                {"target": boxes[target]} if target else {}
            )


def room_questions(folder: Path) -> Iterator[dict]:
    """Rooms, one after the other, until every task was asked in every language; saves the rooms."""
    missing = {(task, language): EACH for task in TASKS for language in LANGUAGES}
    number = FIRST_ROOM
    while missing:
        room = make_room(number, "test")
        scene, counts = room_to_scene(room, number)
        visible = [id for id, points in counts.items() if points >= LEAST_POINTS]
        save_scene(scene, folder / str(number))
        for task, language in list(missing):
            samples = make_samples(
                room,
                np.random.default_rng((number, *map(ord, task + language))),
                visible=visible,
                count=1,
                language=language,
                split="test",
                tasks=[task],
            )
            for sample in samples:
                yield {"scene": str(number)} | as_data(sample, room, scene)
                missing[task, language] -= 1
                if not missing[task, language]:
                    del missing[task, language]
        number += 1


def as_data(sample: Sample, room: Room, scene: Scene) -> dict:
    """A question with its earlier turns, boxes filled in."""
    boxes = {thing.id: (thing.center, thing.size) for thing in room.objects}
    boxes |= dict(sample.extra_boxes)
    asked, *turns = (
        [fill_boxes(text, boxes, scene.bounds()) for text in texts]
        for texts in ((sample.question,), *sample.turns)
    )
    return {"task": sample.task, "question": asked[0], "history": turns}


def digest(folder: Path) -> str:
    """Of every file of the scenes and of the questions: two versions made the same."""
    found = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix in (".png", ".jpg", ".json"):
            found.update(path.relative_to(folder).as_posix().encode() + path.read_bytes())
    for path in sorted(path for path in folder.iterdir() if path.is_dir()):
        scene = load_scene(path)
        found.update(scene.points.tobytes() + scene.colors.tobytes())
    return found.hexdigest()


def make(folder: Path, recording: Path | None) -> None:
    """Write scenes and questions.json."""
    folder.mkdir(parents=True)
    questions = list(room_questions(folder))
    if recording is not None:
        save_scene(recorded_scene(recording), folder / "recording")
        objects = json.loads((recording / "objects.json").read_text())["objects"]
        questions += recording_questions(objects)
    for index, question in enumerate(questions):
        question["told"] = index % 2 == 0
    questions.sort(key=lambda question: question["scene"])
    text = json.dumps(questions, indent=1, ensure_ascii=False)
    (folder / "questions.json").write_text(text + "\n", encoding="utf-8")
    print(f"{len(questions)} questions, digest {digest(folder)}")


def ask_all(reasoner: Reasoner, folder: Path) -> Iterator[dict]:
    """Every question with its raw answer; boxes and steps as they were read from it."""
    name, scene = "", None
    for question in json.loads((folder / "questions.json").read_text(encoding="utf-8")):
        if question["scene"] != name:
            name = question["scene"]
            scene = load_scene(folder / name)
        history = [Turn(asked, said) for asked, said in question["history"]]
        target = Box(*map(np.array, question["target"])) if "target" in question else None
        answer = reasoner.ask(
            scene,
            question["question"],
            task=question["task"] if question["told"] else "auto",
            history=history,
            target=target,
        )
        yield question | {
            "answered_as": answer.task,
            "language": answer.language,
            "raw": answer.raw,
            "views": answer.view_ids,
            "boxes": [[box.label, *map(list, (box.center, box.size))] for box in answer.boxes],
            "steps": [str(step) for step in answer.steps],
        }


def compare(before: Path, after: Path) -> int:
    """Print every difference; how many answers differ."""
    first, second = (json.loads(path.read_text(encoding="utf-8")) for path in (before, after))
    different = [pair for pair in zip(first, second, strict=True) if pair[0] != pair[1]]
    for old, new in different:
        print(f"{old['scene']} {old['task']}: {old['question']}\n - {old['raw']}\n + {new['raw']}")
    print(f"{len(different)} of {len(first)} answers differ")
    return len(different)


def ask(folder: Path, model: str, out: Path) -> None:
    """Ask everything; the answers go into a file."""
    start = time.perf_counter()
    reasoner = Reasoner.from_pretrained(model, device="cpu")
    answers = list(ask_all(reasoner, folder))
    out.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(answers, indent=1, ensure_ascii=False, default=float)
    out.write_text(text + "\n", encoding="utf-8")
    seconds = time.perf_counter() - start
    found = hashlib.sha256(text.encode()).hexdigest()
    print(f"{len(answers)} answers in {seconds:.0f} s, sha256 {found}")


def main() -> int:
    """Make, ask or compare; exit status 1 where answers differ. Alone it makes and asks."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command")
    making = commands.add_parser("make")
    making.add_argument("folder", type=Path)
    making.add_argument("--recording", type=Path)
    asking = commands.add_parser("ask")
    asking.add_argument("folder", type=Path)
    asking.add_argument("--model", default="r1-tiny")
    asking.add_argument("--json", type=Path, default=OUT)
    comparing = commands.add_parser("compare")
    comparing.add_argument("before", type=Path)
    comparing.add_argument("after", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.command == "make":
        make(options.folder, options.recording)
    elif options.command == "ask":
        ask(options.folder, options.model, options.json)
    elif options.command == "compare":
        return int(compare(options.before, options.after) > 0)
    else:
        if not FOLDER.is_dir():
            make(FOLDER, None)
        ask(FOLDER, "r1-tiny", OUT)
    return 0


if __name__ == "__main__":
    sys.exit(main())
