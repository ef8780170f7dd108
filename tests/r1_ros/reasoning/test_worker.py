"""The worker: one at a time, bounded queue, prompt ends, no error lost."""

from __future__ import annotations

import threading
import time

import pytest

pytest.importorskip("rclpy")

from r1_ros.msg import ErrorCode

from r1_ros.reasoning.worker import GRACE_S, Job, ReasoningWorker
from r1_ros.runtime.request_errors import RequestError, code_name, error_code_of


@pytest.fixture
def worker():
    worker = ReasoningWorker(lambda: "model")
    yield worker
    worker.close()


def _submit(worker: ReasoningWorker, work, queue_size: int = 4) -> Job:
    job = Job()
    worker.submit(lambda model: work(model, job), job, queue_size)
    return job


def test_a_result_comes_back(worker: ReasoningWorker) -> None:
    job = _submit(worker, lambda model, job: model.upper())
    assert job.follow(5.0, 0.1) == ("MODEL", None)


def test_jobs_run_one_after_the_other_in_one_thread(worker: ReasoningWorker) -> None:
    threads: list[int] = []
    running = threading.Semaphore(1)

    def work(model: str, job: Job) -> None:
        assert running.acquire(blocking=False)
        threads.append(threading.get_ident())
        time.sleep(0.01)
        running.release()

    jobs = [_submit(worker, work) for _ in range(5)]
    assert all(job.follow(5.0, 0.1)[1] is None for job in jobs)
    assert len(threads) == 5 and set(threads) - {threading.get_ident()} == {threads[0]}


def test_what_does_not_fit_is_refused(worker: ReasoningWorker) -> None:
    release = threading.Event()
    jobs = [_submit(worker, lambda model, job: release.wait(5.0), 2) for _ in range(3)]
    assert worker.requests == 3
    with pytest.raises(RequestError, match="2 of 2 places") as caught:
        _submit(worker, lambda model, job: None, 2)
    assert caught.value.code == ErrorCode.BUSY
    release.set()
    assert all(job.follow(5.0, 0.1)[1] is None for job in jobs)
    assert worker.requests == 0


def test_whatever_is_raised_arrives(worker: ReasoningWorker) -> None:
    def fail(model: str, job: Job) -> None:
        raise KeyError("lost")

    assert isinstance(_submit(worker, fail).follow(5.0, 0.1)[1], KeyError)
    assert _submit(worker, lambda model, job: 1).follow(5.0, 0.1)[0] == 1


def test_an_ended_job_returns_what_there_is(worker: ReasoningWorker) -> None:
    begun = threading.Event()

    def work(model: str, job: Job) -> str:
        begun.set()
        while not job.should_stop():
            time.sleep(0.005)
        return "half"

    job = _submit(worker, work)
    begun.wait(5.0)
    job.end(ErrorCode.CANCELED, "cancelled")
    job.end(ErrorCode.TIMEOUT, "too late: the first reason stays")
    result, error = job.follow(5.0, 0.1)
    assert result == "half" and error.code == ErrorCode.CANCELED


def test_a_deaf_model_does_not_hold_the_caller(worker: ReasoningWorker) -> None:
    release = threading.Event()
    job = _submit(worker, lambda model, job: release.wait(10.0))
    start = time.monotonic()
    result, error = job.follow(timeout=0.05, period=0.1)
    assert result is None and error.code == ErrorCode.TIMEOUT
    assert time.monotonic() - start < 0.05 + GRACE_S + 1.0
    waiting = _submit(worker, lambda model, job: "next", queue_size=0)  # nobody wants the first
    release.set()
    assert waiting.follow(5.0, 0.1)[0] == "next"


def test_a_job_that_ends_in_the_queue_is_never_run(worker: ReasoningWorker) -> None:
    release, ran = threading.Event(), []
    first = _submit(worker, lambda model, job: release.wait(5.0))
    second = _submit(worker, lambda model, job: ran.append(1))
    second.end(ErrorCode.CANCELED, "cancelled")
    assert second.follow(5.0, 0.1)[1].code == ErrorCode.CANCELED
    release.set()
    first.follow(5.0, 0.1)
    _submit(worker, lambda model, job: None).follow(5.0, 0.1)
    assert ran == []


def test_progress_is_thinned_and_comes_in_the_callers_thread(worker: ReasoningWorker) -> None:
    def work(model: str, job: Job) -> None:
        for number in range(60):
            job.report("answer", "x" * number)
            time.sleep(0.005)

    heard: list[tuple[float, str, str, int]] = []
    job = _submit(worker, work)
    job.follow(
        5.0, 0.1, lambda *news: heard.append((time.monotonic(), *news, threading.get_ident()))
    )
    times = [entry[0] for entry in heard]
    assert 2 <= len(heard) <= 20 and heard[0][1] == "queued"
    assert all(later - sooner >= 0.1 for sooner, later in zip(times, times[1:], strict=False))
    assert {entry[3] for entry in heard} == {threading.get_ident()}
    texts = [len(entry[2]) for entry in heard]
    assert texts == sorted(texts)


def test_closing_ends_everything() -> None:
    worker = ReasoningWorker(lambda: "model")

    def work(model: str, job: Job) -> None:
        while not job.should_stop():
            time.sleep(0.005)

    jobs = [_submit(worker, work) for _ in range(3)]
    worker.close()
    for job in jobs:
        assert job.follow(1.0, 0.1)[1].code == ErrorCode.INACTIVE


def test_a_model_that_does_not_load_raises_at_once() -> None:
    def load() -> None:
        raise OSError("no such folder")

    with pytest.raises(OSError, match="no such folder"):
        ReasoningWorker(load)


def test_codes_have_names() -> None:
    assert code_name(ErrorCode.BUSY) == "BUSY" and code_name(0) == "NONE"
    assert code_name(65535) == "65535"
    assert error_code_of(MemoryError()) == ErrorCode.OUT_OF_MEMORY
    assert error_code_of(ValueError()) == ErrorCode.INTERNAL


def test_a_model_that_does_not_come_back_is_seen(worker: ReasoningWorker) -> None:
    begun, release = threading.Event(), threading.Event()

    def hang(model: str, job: Job) -> None:
        begun.set()
        release.wait(30.0)

    job = _submit(worker, hang)
    assert begun.wait(5.0) and worker.stuck_for() == 0.0  # it may take its time
    job.end(ErrorCode.TIMEOUT, "too late")
    first = worker.stuck_for()
    time.sleep(0.01)
    assert 0.0 <= first < worker.stuck_for()
    release.set()
    assert _submit(worker, lambda model, job: model).follow(5.0, 0.1) == ("model", None)
    assert worker.stuck_for() == 0.0


def test_who_came_while_others_ran_knows_it(worker: ReasoningWorker) -> None:
    release = threading.Event()
    first = _submit(worker, lambda model, job: release.wait(5.0))
    second = _submit(worker, lambda model, job: None)
    release.set()
    assert second.follow(5.0, 0.1)[1] is None
    assert (first.queued, second.queued) == (False, True)
    assert first.asked_at <= second.asked_at <= time.monotonic()
