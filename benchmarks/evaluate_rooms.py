"""Questions a second of `evaluate-rooms`: many at once, beside the same questions one by one.

PYTHONPATH=. python benchmarks/evaluate_rooms.py --rooms 192 --output rooms.json
PYTHONPATH=. torchrun --nproc_per_node 4 benchmarks/evaluate_rooms.py   # processes may share a GPU

Timed is everything after loading: rooms made, scanned, asked about, judged, boxes found. The
first piece of 16 rooms is for warming up.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import torch

from r1_model.reasoner import Reasoner
from r1_training.common.processes import Processes
from r1_training.evaluation.report import by_group, table
from r1_training.evaluation.room_detection import detected, room_scores
from r1_training.evaluation.room_evaluator import (
    CHUNK,
    Asked,
    as_question,
    asked_pieces,
    observed,
    pieces_of,
    samples_about,
)

SPLIT, QUESTIONS = "test", 12
WARM_SEED = 9


def one_by_one(reasoner: Reasoner, rooms: int, alone: int) -> tuple[float, list[str]]:
    """Seconds a question by `ask` and the answers, about the first rooms of `rooms`."""
    places = observed(pieces_of(rooms, 0)[0], SPLIT, reasoner.device)[:alone]
    questions = [
        as_question(place, sample)
        for place in places
        for sample in samples_about(
            *(place.room, place.visible, place.readable, place.topped), 0, QUESTIONS, SPLIT
        )
    ]
    for q in questions:  # each length of an answer is captured once
        reasoner.ask(q.scene, q.text, history=q.history, target=q.target)
    start = time.perf_counter()
    answers = [reasoner.ask(q.scene, q.text, history=q.history, target=q.target) for q in questions]
    return (time.perf_counter() - start) / len(questions), [answer.raw for answer in answers]


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="r1-tiny")
    parser.add_argument("--rooms", type=int, default=192)
    parser.add_argument("--alone", type=int, default=4, help="rooms that are asked one by one")
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    group = Processes.from_environment()
    group.take_gpu()
    reasoner = Reasoner.from_pretrained(options.model)
    warm = pieces_of(CHUNK, WARM_SEED)
    list(asked_pieces(reasoner, warm, questions=QUESTIONS, split=SPLIT))
    group.wait()
    start = time.perf_counter()
    asked: list[Asked] = []
    rooms = []
    own = group.share(pieces_of(options.rooms, 0))
    for _, places, some in asked_pieces(reasoner, own, questions=QUESTIONS, split=SPLIT):
        asked += some
        rooms += detected(reasoner, places)
    group.wait()
    seconds = time.perf_counter() - start
    shares = group.gather((asked, rooms))
    if group.first:
        asked = [one for some, _ in shares for one in some]
        print(f"{len(asked)} questions, {len(asked) / seconds:.0f} a second", flush=True)
        alone, raw = one_by_one(reasoner, options.rooms, options.alone)
        first = {one.room.seed for one in asked[: len(raw)]}
        together = [one.answer.raw for one in asked if one.room.seed in first][: len(raw)]
        same = sum(a == b for a, b in zip(raw, together, strict=True)) / len(raw)
        device = reasoner.device
        found = {
            "device": torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu",
            "processes": group.count,
            "questions": len(asked),
            "questions_per_s": len(asked) / seconds,
            "one_by_one_per_s": 1 / alone,
            "ratio": len(asked) / seconds * alone,
            "same_text": same,
            "detection": room_scores([room for _, some in shares for room in some]),
        }
        print(table(by_group([asked])["task"]))
        print(json.dumps(found, indent=1))
        if options.output is not None:
            options.output.parent.mkdir(parents=True, exist_ok=True)
            options.output.write_text(json.dumps(found, indent=1) + "\n")
    group.wait()
    group.close()


if __name__ == "__main__":
    main()
