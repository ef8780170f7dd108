from __future__ import annotations

import json
import threading
from pathlib import Path

from r1_training.engine.errors import BlockedError, RetryableTeacherError
from r1_training.engine.filters import PAPER
from r1_training.engine.teachers.teacher import Request, Usage
from tests.r1_training.engine.engine_fixtures import (
    GOOD,
    ScriptedTeacher,
    config,
    item,
    records,
    run,
    with_filters,
)


def test_kept_record(tmp_path: Path) -> None:
    report = run(tmp_path, [item(0, task="qa", source="scanqa")], ScriptedTeacher())
    (record,) = records(tmp_path, "Scene-30K.jsonl")
    assert list(record)[:3] == ["scene_id", "question", "cot"]  # the released schema
    assert record["cot"] == GOOD
    expected = {
        "question_id": "q0",
        "task": "qa",
        "source": "scanqa",
        "gold_answer": ["brown"],
        "teacher": "m",
        "temperature": 0.7,
        "filters": "sane",
        "reanswer": "The chair is brown.",
        "similarity": 1.0,
        "tokens": {"input": 4, "output": 2},
        "cost_usd": 6.0,
    }
    assert {name: record[name] for name in expected} == expected
    assert len(record["prompt_sha256"]) == 64
    assert report.kept == 1
    assert report.cost_usd == 6.0
    captions = json.loads((tmp_path / "scene_caption.json").read_text("utf-8"))
    assert captions == {"scene0000_00": {"captions": ["A room, 房間, with a brown chair."]}}
    assert json.loads((tmp_path / "report.json").read_text())["kept"] == 1


def test_every_item_ends_once_with_its_reason(tmp_path: Path) -> None:
    def script(request: Request) -> str:
        number = int(request.item.question_id[1:])
        if request.stage == "consistency":
            if number == 6:
                raise RetryableTeacherError("empty answer", "empty", Usage(2, 0))
            return "no idea" if number == 5 else GOOD
        if number == 1:
            raise BlockedError("prompt blocked: SAFETY", "blocked", Usage(2, 0))
        if number == 2:
            raise RetryableTeacherError("empty answer", "empty", Usage(2, 0))
        return {3: "garbage </think>", 4: "<think>x</think><answer>y</answer>"}.get(number, GOOD)

    teacher = ScriptedTeacher(script)
    items = [item(n) for n in range(8)]
    items += [item(0), item(8, scene_id="scene0011_00"), item(9, scene_id="unknown")]
    report = run(tmp_path, items, teacher)
    rejects = records(tmp_path, "rejects.jsonl")
    assert {record["item"].split("/")[-1]: record["reject_reason"] for record in rejects} == {
        "q1": "blocked",
        "q2": "gen_error",
        "q3": "format_missing",
        "q4": "think_too_short",
        "q5": "low_similarity",
        "q6": "consistency_llm_error",
        "q0#2": "duplicate",
        "q8": "held_out_scene",
        "q9": "description_missing",
    }
    assert [record["question_id"] for record in records(tmp_path, "Scene-30K.jsonl")] == [
        "q0",
        "q7",
    ]
    by_id = {record["item"].split("/")[-1]: record for record in rejects}
    assert by_id["q3"]["cot"] == "garbage </think>"
    assert by_id["q5"]["reanswer"] == "no idea"
    assert by_id["q1"]["detail"] == "prompt blocked: SAFETY"
    assert teacher.asked["scanqa/scene0000_00/q2", "reasoning"] == 5  # all attempts
    assert not any("scene0011" in key or "unknown" in key for key, _ in teacher.asked)
    assert report.requests == {"answered": 9, "empty": 10, "blocked": 1}
    assert report.outcome == "complete"


def test_retries_until_it_works(tmp_path: Path) -> None:
    failures = iter(range(3))

    def script(request: Request) -> str:
        if request.stage == "reasoning" and next(failures, None) is not None:
            raise RetryableTeacherError("busy", "failed", retry_after=0.01)
        return GOOD

    report = run(tmp_path, [item()], ScriptedTeacher(script))
    assert report.kept == 1
    assert report.requests == {"failed": 3, "answered": 2}


def test_unicode_goes_through_unchanged(tmp_path: Path) -> None:
    think = "第一步：看椅子的描述，它在窗邊。" * 2 + "然後比對顏色。結論：椅子是棕色的 📚。"
    text = f"<think>{think}</think><answer>椅子是棕色的。</answer>"
    question = "椅子是什麼顏色？ \u2028 \ud800 \x00 \"'\\"
    teacher = ScriptedTeacher(
        lambda request: text if request.stage == "reasoning" else "椅子是棕色的"
    )
    run(tmp_path, [item(question=question, question_id="ü/\n", targets=("椅子",))], teacher)
    lines = (tmp_path / "Scene-30K.jsonl").read_bytes().split(b"\n")
    assert len(lines) == 2
    record = json.loads(lines[0])
    assert record["cot"] == text
    assert record["question"] == question
    assert record["question_id"] == "ü/\n"


def test_paper_preset_rejects_the_same_text(tmp_path: Path) -> None:
    report = run(tmp_path, [item()], ScriptedTeacher(), with_filters(config(), PAPER))
    assert report.rejected == {"answer_too_short": 1}


def test_output_order_is_the_inputs(tmp_path: Path) -> None:
    def slow_first(request: Request) -> str:
        threading.Event().wait(0.02 if request.item.ordinal % 5 == 0 else 0.0)
        return GOOD

    run(tmp_path, [item(n) for n in range(40)], ScriptedTeacher(slow_first))
    ids = [record["question_id"] for record in records(tmp_path, "Scene-30K.jsonl")]
    assert ids == [f"q{n}" for n in range(40)]


def test_status_is_shown(tmp_path: Path) -> None:
    seen = []
    run(tmp_path, [item(n) for n in range(5)], ScriptedTeacher(), on_status=seen.append)
    last = seen[-1]
    assert (last.kept, last.ended_now, last.requests, last.tokens) == (5, 5, 10, 30)
    assert last.cost_usd == 30.0
