"""Small annotation files in the real files' formats, with rows of any scenes."""

from __future__ import annotations

import csv
import json
from pathlib import Path

TRAIN, VAL, TEST = "scene0000_00", "scene0011_01", "scene0707_00"


def write_json(path: Path, value: object) -> Path:
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False), encoding="utf-8")
    return path


def write_jsonl(path: Path, rows: list[object]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def scanqa_row(scene: str, number: int = 0) -> dict:
    return {
        "answers": ["dark brown", "brown"],
        "object_ids": [4, 5],
        "object_names": ["chair", "chair"],
        "question": "What color is the chair?",
        "question_id": f"train-{scene[:9]}-{number}",
        "scene_id": scene,
    }


def scanrefer_row(scene: str, object_id: int = 3, name: str = "office_chair", ann: int = 0) -> dict:
    words = ["a", "brown", "chair", "."]
    return {
        "scene_id": scene,
        "object_id": str(object_id),
        "object_name": name,
        "ann_id": str(ann),
        "description": "a brown chair.",
        "token": words,
    }


def multi3drefer_row(scene: str, object_ids: list[int], eval_type: str, ann: int = 0) -> dict:
    return {
        "scene_id": scene,
        "object_ids": object_ids,
        "object_name": "chair",
        "ann_id": ann,
        "eval_type": eval_type,
        "description": "the chairs at the table",
        "spatial": False,
    }


def scene30k_row(scene: str) -> dict:
    return {
        "scene_id": scene,
        "question": "Where is the sofa?",
        "cot": "<think>Step 1. Look.</think><answer>By the window.</answer>",
    }


def threedllm_row(scene: str) -> dict:
    return {
        "question": "### human: Hi. ### assistant: Hello. ### human: A chair? ### assistant:",
        "answers": ["Yes, one."],
        "scene_id": scene,
    }


def openeqa_row(episode: str) -> dict:
    return {
        "question": "What is red?",
        "answer": "The mug",
        "category": "object recognition",
        "question_id": "f2e82760",
        "episode_history": episode,
    }


def write_sqa3d(folder: Path, scenes: list[str]) -> tuple[Path, Path]:
    questions = [
        {
            "scene_id": scene,
            "situation": "I am facing a desk.",
            "alternative_situation": ["I sit.", "I stand."],
            "question": "What is behind me?",
            "question_id": 220602000000 + number,
        }
        for number, scene in enumerate(scenes)
    ]
    annotations = [
        {
            "scene_id": scene,
            "question_type": "N/A",
            "answer_type": "other",
            "question_id": 220602000000 + number,
            "answers": [{"answer": "chair", "answer_confidence": "yes", "answer_id": 1}],
            "rotation": {"_x": 0, "_y": 0, "_z": 1.0, "_w": 0},
            "position": {"x": 0.5, "y": -1.0, "z": 0},
        }
        for number, scene in enumerate(scenes)
    ]
    head = {"info": {"version": "1.0"}, "data_type": "scannet"}
    return (
        write_json(folder / "questions.json", {**head, "questions": questions}),
        write_json(folder / "annotations.json", {**head, "annotations": annotations}),
    )


NR3D_COLUMNS = [
    "assignmentid",
    "stimulus_id",
    "utterance",
    "correct_guess",
    "speaker_id",
    "listener_id",
    "scan_id",
    "instance_type",
    "target_id",
    "dataset",
    "mentions_target_class",
    "uses_object_lang",
    "uses_spatial_lang",
    "uses_color_lang",
    "uses_shape_lang",
    "tokens",
]


def nr3d_row(scene: str, target: int = 9, others: tuple[int, ...] = (10, 8), **changes) -> dict:
    count = len(others) + 1
    row = dict.fromkeys(NR3D_COLUMNS, "True")
    row |= {
        "assignmentid": "18714",
        "stimulus_id": f"{scene}-trash_can-{count}-{target}-" + "-".join(map(str, others)),
        "utterance": "The can to the left of the door",
        "scan_id": scene,
        "instance_type": "trash can",
        "target_id": str(target),
        "dataset": "nr3d",
        "uses_object_lang": "False",
        "tokens": "['the', 'can', 'to', 'the', 'left', 'of', 'the', 'door']",
    }
    return row | changes


def write_nr3d(path: Path, rows: list[dict]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, NR3D_COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    return path


def write_cap3d(path: Path, rows: list[tuple[str, ...]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    return path
