"""What ends a run before its items do, and how the next run goes on."""

from __future__ import annotations

import errno
import json
import threading
from collections.abc import Iterable
from pathlib import Path

import pytest

from r1_training.engine.errors import (
    FatalTeacherError,
    InputFileError,
    JournalError,
    JournalWriteError,
    RetryableTeacherError,
)
from r1_training.engine.filters import PAPER
from r1_training.engine.items import Item
from r1_training.engine.journal import journal as journal_module
from r1_training.engine.run import JOURNAL_NAME
from r1_training.engine.teachers.teacher import Request
from tests.r1_training.engine.engine_fixtures import (
    GOOD,
    ScriptedTeacher,
    config,
    item,
    records,
    run,
    with_filters,
)


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
