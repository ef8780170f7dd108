from __future__ import annotations

import errno
import json
import threading
from collections.abc import Iterable
from pathlib import Path

import pytest

from r1_training.engine import journal as journal_module
from r1_training.engine.config import EngineConfig
from r1_training.engine.errors import (
    BlockedError,
    FatalTeacherError,
    InputFileError,
    JournalError,
    JournalWriteError,
    RetryableTeacherError,
)
from r1_training.engine.filters import PAPER
from r1_training.engine.items import Item
from r1_training.engine.outputs import Report
from r1_training.engine.run import JOURNAL_NAME, synthesize
from r1_training.engine.teacher import Request, Teacher, Usage
from tests.r1_training.engine.engine_fixtures import (
    GOOD,
    ScriptedTeacher,
    config,
    item,
    records,
    with_filters,
)


def run(
    folder: Path,
    items: Iterable[Item],
    teacher: Teacher,
    settings: EngineConfig | None = None,
    **options: object,
) -> Report:
    options = {"is_held_out": lambda scene_id: scene_id.startswith("scene0011")} | options
    return synthesize(
        items,
        lambda scene_id: "" if scene_id == "unknown" else "A room, 房間, with a brown chair.",
        teacher,
        settings or config(),
        folder,
        **options,  # type: ignore[arg-type]
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


def test_budget_stops_and_a_larger_one_goes_on(tmp_path: Path) -> None:
    teacher = ScriptedTeacher()
    items = [item(n) for n in range(30)]
    # At a dollar a token a request may cost about 450 dollars, and costs 3.
    settings = config(budget_usd=500.0)
    report = run(tmp_path, items, teacher, settings)
    assert report.outcome == "budget reached"
    assert 0 < report.kept < 30
    assert report.cost_usd <= 500
    kept = report.kept
    with pytest.raises(JournalError, match="filters"):
        run(tmp_path, items, teacher, with_filters(config(), PAPER))
    report = run(tmp_path, items, teacher, config(budget_usd=0.0))
    assert (report.outcome, report.kept) == ("complete", 30)
    assert kept < 30
    assert set(teacher.asked.values()) == {1}, "nothing is paid for twice"
    assert report.cost_usd == 30 * 6


def test_stop_lets_requests_in_flight_finish(tmp_path: Path) -> None:
    stop = threading.Event()
    asked = 0

    def script(request: Request) -> str:
        nonlocal asked
        asked += 1
        if asked == 10:
            stop.set()
            threading.Event().wait(0.5)
        return GOOD

    teacher = ScriptedTeacher(script)
    items = [item(n) for n in range(100)]
    report = run(tmp_path, items, teacher, config(concurrency=1), stop=stop)
    assert report.outcome == "interrupted"
    assert 0 < report.kept < 100
    report = run(tmp_path, items, teacher)
    assert (report.outcome, report.kept) == ("complete", 100)
    assert set(teacher.asked.values()) == {1}


def test_keep_stops_at_so_many(tmp_path: Path) -> None:
    report = run(tmp_path, (item(n) for n in range(10**9)), ScriptedTeacher(), keep=20)
    assert report.outcome == "kept enough"
    assert 20 <= report.kept <= 24


def test_answers_are_used_after_a_kill_and_lost_ones_are_said(tmp_path: Path) -> None:
    """The journal as `kill -9` leaves it: q0 paid, q1 in flight, q2's second stage in flight."""
    run(tmp_path, [], ScriptedTeacher())
    key = "scanqa/scene0000_00/q"
    with (tmp_path / JOURNAL_NAME).open("a") as file:
        for event in (
            {"e": "sent", "r": "a-0", "k": f"{key}0", "s": "reasoning", "m": 9.0},
            {"e": "sent", "r": "a-1", "k": f"{key}1", "s": "reasoning", "m": 9.0},
            {"e": "sent", "r": "a-2", "k": f"{key}2", "s": "reasoning", "m": 9.0},
            {"e": "got", "r": "a-0", "k": f"{key}0", "s": "reasoning", "t": GOOD, "u": [7, 5]},
            {"e": "got", "r": "a-2", "k": f"{key}2", "s": "reasoning", "t": GOOD, "u": [7, 5]},
            {"e": "sent", "r": "a-3", "k": f"{key}2", "s": "consistency", "m": 9.0},
        ):
            file.write(json.dumps(event) + "\n")
        file.write('{"e":"sent","r":"a-4","k":"torn')
    items = [item(n) for n in range(4)]
    teacher = ScriptedTeacher()
    report = run(tmp_path, items, teacher)
    assert teacher.asked == {
        (f"{key}0", "consistency"): 1,
        (f"{key}3", "reasoning"): 1,
        (f"{key}3", "consistency"): 1,
    }
    assert report.rejected == {"answer_lost": 2}
    assert report.requests == {"answered": 5, "lost": 2}
    assert report.unsure_usd == 18.0
    assert report.cost_usd == (7 + 5) * 2 + 3 * 3
    lost = {record["question_id"]: record for record in records(tmp_path, "rejects.jsonl")}
    assert lost["q2"]["cot"] == GOOD

    report = run(tmp_path, items, teacher, ask_again=True)
    assert (report.kept, report.rejected) == (4, {})
    assert teacher.asked[f"{key}1", "reasoning"] == 1
    assert teacher.asked[f"{key}2", "reasoning"] == 0, "its first stage was paid"
    assert teacher.asked[f"{key}2", "consistency"] == 1
    assert report.requests == {"answered": 8, "lost": 2}
    assert records(tmp_path, "rejects.jsonl") == []


def test_ask_again_takes_errors_only(tmp_path: Path) -> None:
    broken = True

    def script(request: Request) -> str:
        if request.item.question_id == "q0" and broken:
            raise RetryableTeacherError("down", "failed")
        return "no tags" if request.item.question_id == "q1" else GOOD

    teacher = ScriptedTeacher(script)
    items = [item(n) for n in range(3)]
    assert run(tmp_path, items, teacher).rejected == {"format_missing": 1, "gen_error": 1}
    broken = False
    report = run(tmp_path, items, teacher)
    assert report.rejected == {"format_missing": 1, "gen_error": 1}
    report = run(tmp_path, items, teacher, ask_again=True)
    assert (report.kept, report.rejected) == (2, {"format_missing": 1})
    assert teacher.asked["scanqa/scene0000_00/q1", "reasoning"] == 1


def test_a_dead_teacher_stops_the_run(tmp_path: Path) -> None:
    def down(request: Request) -> str:
        raise RetryableTeacherError("connection refused", "unsent")

    items = [item(n) for n in range(1000)]
    with pytest.raises(FatalTeacherError, match="in a row.*connection refused"):
        run(tmp_path, items, ScriptedTeacher(down), config(give_up_after=7, max_attempts=2))
    report = run(tmp_path, items[:20], ScriptedTeacher(), ask_again=True)
    assert report.kept == 20


def test_a_fatal_error_stops_at_once(tmp_path: Path) -> None:
    def bad_key(request: Request) -> str:
        raise FatalTeacherError("API key not valid", "failed")

    teacher = ScriptedTeacher(bad_key)
    with pytest.raises(FatalTeacherError, match="API key"):
        run(tmp_path, [item(n) for n in range(1000)], teacher)
    assert sum(teacher.asked.values()) <= 4


def test_an_unreadable_input_stops_the_run(tmp_path: Path) -> None:
    def items() -> Iterable[Item]:
        yield item(0)
        raise InputFileError("questions.json is cut off")

    with pytest.raises(InputFileError, match="cut off"):
        run(tmp_path, items(), ScriptedTeacher())
    assert run(tmp_path, [item(0)], ScriptedTeacher()).kept == 1


def test_a_bug_in_a_thread_is_not_swallowed(tmp_path: Path) -> None:
    def bug(request: Request) -> str:
        raise ZeroDivisionError("bug")

    with pytest.raises(ZeroDivisionError):
        run(tmp_path, (item(n) for n in range(10**9)), ScriptedTeacher(bug))


def test_disk_full_stops_and_resumes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = journal_module.os.write
    written = 0

    def fills_up(fd: int, data: bytes) -> int:
        nonlocal written
        if written > 20_000:
            raise OSError(errno.ENOSPC, "No space left on device")
        count = real(fd, data[: max(1, 20_100 - written)])  # short writes at the end
        written += count
        return count

    monkeypatch.setattr(journal_module.os, "write", fills_up)
    teacher = ScriptedTeacher()
    items = [item(n) for n in range(60)]
    with pytest.raises(JournalWriteError, match="No space left"):
        run(tmp_path, items, teacher)
    monkeypatch.undo()
    report = run(tmp_path, items, teacher, ask_again=True)
    assert (report.outcome, report.kept) == ("complete", 60)
    in_flight = report.requests.get("lost", 0)
    assert in_flight <= 4
    assert sum(teacher.asked.values()) <= 120 + 4, "only what was in flight is asked again"


def test_no_request_without_room_for_its_answer(tmp_path: Path) -> None:
    teacher = ScriptedTeacher()
    with pytest.raises(JournalWriteError, match="nothing more is sent"):
        run(tmp_path, [item()], teacher, config(min_free_bytes=1 << 60))
    assert not teacher.asked


def test_two_runs_at_once(tmp_path: Path) -> None:
    inside, go_on = threading.Event(), threading.Event()

    def script(request: Request) -> str:
        inside.set()
        go_on.wait(10)
        return GOOD

    first = threading.Thread(target=run, args=(tmp_path, [item()], ScriptedTeacher(script)))
    first.start()
    assert inside.wait(10)
    with pytest.raises(JournalError, match="in use"):
        run(tmp_path, [item()], ScriptedTeacher())
    go_on.set()
    first.join()


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
