from __future__ import annotations

from pathlib import Path

import pytest

from r1_training.reproduce.config import ReproduceConfig
from r1_training.reproduce.jobs import OVERHEAD, Job, jobs_of, next_job, plan_text, schedule
from r1_training.reproduce.results import note_answers
from r1_training.reproduce.stage import SPENT
from tests.r1_training.reproduce.test_reproduce import SFT, settings

ROWS = [{"room": 1, "task": "qa", "verdict": {"correct": 1.0, "format": 1.0}}]


def job(seed: int, stage: str, minutes: float = 4.0, needs: str | None = None) -> Job:
    return Job(seed, stage, minutes, needs)


@pytest.fixture
def config(tmp_path) -> ReproduceConfig:
    return settings(
        tmp_path,
        tmp_path,
        replicates=2,
        replicated=["sft", "all"],
        starts={"other": SFT},
        shown={"asked": {"stage": "other"}},
        minutes={"all": 7, "sft": 3},
    )


def test_what_each_seed_has_comes_first(config):
    found = [(one.seed, one.stage, one.needs) for one in jobs_of(config)]
    assert found == [
        *[(0, "sft", None), (1, "sft", None), (0, "all", "sft"), (1, "all", "sft")],
        *[(0, "format", "sft"), (0, "control", "sft"), (0, "other", None), (0, "asked", "other")],
    ]
    minutes = {one.stage: one.minutes - OVERHEAD for one in jobs_of(config)}
    assert minutes == {
        **{"sft": 3, "all": 7, "asked": 0},
        **dict.fromkeys(("format", "control", "other"), 20.0),
    }
    assert {one.minutes for one in jobs_of(config, minutes=1.0)} == {1 + OVERHEAD, OVERHEAD}


def test_what_was_trained_before_a_pause_is_not_trained_again(config):
    file = Path(config.at(1).output) / "sft" / SPENT
    file.parent.mkdir(parents=True)
    file.write_text('{"seconds": 90.0}')
    assert [one.minutes - OVERHEAD for one in jobs_of(config, ["sft"])] == [3.0, 1.5]


def test_what_a_stage_starts_from_comes_with_it(config):
    assert [one.name for one in jobs_of(config, ["asked"])] == ["seed-0-other", "seed-0-asked"]


def test_what_is_done_or_was_carried_here_is_not_waited_for(config):
    for seed in (0, 1):
        note_answers(Path(config.at(seed).output), "sft", ROWS)
    assert [one.stage for one in jobs_of(config, ["sft", "all"])] == ["all", "all"]
    assert all(one.needs is None for one in jobs_of(config, ["all", "format"]))
    Path(config.at(0).output, "other.safetensors").touch()
    [_, asked] = jobs_of(config, ["asked"])
    assert asked.needs is None


def test_a_job_waits_for_what_it_starts_from_and_for_time():
    waiting = [job(0, "all", 9, "sft"), job(1, "sft", 5), job(2, "sft", 2)]
    assert next_job(waiting, set()) == waiting[1]
    assert next_job(waiting, {(0, "sft")}) == waiting[0]
    assert next_job(waiting[1:], set(), left=3) == waiting[1]  # it goes on another time
    assert next_job(waiting, {(0, "sft")}, left=1) is None


def test_a_plan_keeps_the_gpus_busy():
    jobs = [job(0, "sft"), job(1, "sft"), job(0, "all", 6, "sft"), job(1, "all", 6, "sft")]
    plan = schedule(jobs, 2)
    assert [(one.job, one.gpu, one.begins) for one in plan] == [
        *[(jobs[0], 0, 0.0), (jobs[1], 1, 0.0), (jobs[2], 0, 4.0), (jobs[3], 1, 4.0)]
    ]
    assert max(one.ends for one in schedule(jobs, 1)) == 20
    assert [one.is_paused for one in schedule(jobs, 2, within=9)] == [False, False, True, True]
    assert [one.job for one in schedule(jobs, 2, within=5)] == jobs[:2]
    assert schedule([], 2) == []


def test_people_see_what_has_no_place():
    jobs = [job(0, "sft"), job(0, "all", 6, "sft")]
    text = plan_text(schedule(jobs, 1, within=5), jobs)
    assert "  0    0.0    4.0  seed-0-sft" in text and "at most 4 GPU minutes" in text
    paused = plan_text(schedule(jobs, 1, within=8), jobs)
    assert "  0    4.0    8.0  seed-0-all (goes on another time)" in paused
    assert text.endswith("not begun in this time: seed-0-all")
    assert "not begun" not in plan_text(schedule(jobs, 1), jobs)
