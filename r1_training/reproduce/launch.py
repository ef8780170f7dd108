"""Runs jobs, one process a GPU, each with a log of its own, and a progress bar over all."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tqdm import tqdm

from r1_training.reproduce.jobs import Job, next_job

LOOKS_EVERY = 1.0  # seconds
GRACE = 0.5  # minutes that a stage has to save itself
PAUSED = 75  # exit status of a stage that was saved before its end
Command = Callable[[Job, float], Sequence[str]]


@dataclass
class _Running:
    job: Job
    gpu: str | None
    process: subprocess.Popen[bytes]
    log: IO[bytes]
    since: float


def run_jobs(
    jobs: Sequence[Job],
    command: Command,
    gpus: Sequence[str],
    logs: Path,
    within: float = float("inf"),
) -> list[Job]:
    """Run jobs; one whose forerunner failed is not begun.

    An end of this process, by Ctrl-C or `end_with_parts`, ends those that it started; they go on
    from their checkpoints when they are started again.

    Args:
        jobs: in order of importance.
        command: of a job that pauses after so many minutes; it exits with PAUSED then.
        gpus: as CUDA_VISIBLE_DEVICES has them; none: one job at a time on the CPU.
        logs: folder of `NAME.log`.
        within: minutes; what still runs then is paused, or, in an evaluation, ended.

    Returns:
        The jobs that failed.
    """
    logs.mkdir(parents=True, exist_ok=True)
    start, waiting = time.monotonic(), list(jobs)
    free: list[str | None] = [*gpus] or [None]
    running, done, failed = list[_Running](), set[tuple[int, str]](), list[Job]()
    total = sum(job.minutes for job in jobs)
    bar = tqdm(total=round(total, 1), unit="min", bar_format=_BAR, file=sys.stderr)
    try:
        while True:
            left = within - (time.monotonic() - start) / 60
            job = next_job(waiting, done, left) if free else None
            if job is not None:
                waiting.remove(job)
                running.append(_started(job, command(job, left), free.pop(0), logs))
                continue
            if not running:
                return failed
            time.sleep(LOOKS_EVERY)
            if left < -GRACE:
                bar.write("the time is over: what still runs is ended", file=sys.stderr)
                return failed
            for one in [one for one in running if one.process.poll() is not None]:
                running.remove(one)
                one.log.close()
                free.insert(0, one.gpu)
                if one.process.returncode == 0:
                    done.add((one.job.seed, one.job.stage))
                elif one.process.returncode != PAUSED:
                    failed.append(one.job)
                    log = logs / f"{one.job.name}.log"
                    bar.write(f"{one.job.name} failed: {log}", file=sys.stderr)
            _show(bar, jobs, running, done, failed)
    finally:
        for one in running:
            one.process.terminate()
        for one in running:
            one.process.wait()
            one.log.close()
        bar.close()


_BAR = "{l_bar}{bar}| {n:.1f}/{total:.1f} GPU min [{elapsed}]{postfix}"


def _started(job: Job, command: Sequence[str], gpu: str | None, logs: Path) -> _Running:
    log = (logs / f"{job.name}.log").open("ab")
    own = os.environ if gpu is None else {**os.environ, "CUDA_VISIBLE_DEVICES": gpu}
    process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=own)
    return _Running(job, gpu, process, log, time.monotonic())


def _show(
    bar: tqdm,
    jobs: Sequence[Job],
    running: Sequence[_Running],
    done: set[tuple[int, str]],
    failed: Sequence[Job],
) -> None:
    ended = [job.minutes for job in jobs if (job.seed, job.stage) in done or job in failed]
    now = time.monotonic()
    under_way = [min((now - one.since) / 60, one.job.minutes) for one in running]
    bar.n = round(sum(ended) + sum(under_way), 2)
    bar.set_postfix_str(" ".join(one.job.name for one in running))


def visible_gpus() -> list[str]:
    """Names of this machine's GPUs, as CUDA_VISIBLE_DEVICES has them."""
    import torch

    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    count = torch.cuda.device_count()
    return named.split(",")[:count] if named else [str(number) for number in range(count)]
