"""Which stage of which seed runs when, on how many GPUs: a plan before anything starts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from r1_training.common.time_limit import seconds_spent
from r1_training.reproduce.config import ReproduceConfig
from r1_training.reproduce.results import is_done
from r1_training.reproduce.stage import SPENT

OVERHEAD = 1.5  # minutes of a stage beside its training: starting, evaluation
LEAST = 2.0  # minutes that are worth beginning with what is not done in them


@dataclass(frozen=True)
class Job:
    """A stage of a seed; it runs alone on a GPU.

    Attributes:
        seed, stage: which.
        minutes: that it takes at most, evaluation included.
        needs: the stage of the same seed that it starts from, where that is not done; else None.
    """

    seed: int
    stage: str
    minutes: float
    needs: str | None

    @property
    def name(self) -> str:
        """For people and files."""
        return f"seed-{self.seed}-{self.stage}"


@dataclass(frozen=True)
class Planned:
    """A job's place in a plan.

    Attributes:
        job: which.
        gpu: its number.
        begins, ends: minutes from the beginning.
    """

    job: Job
    gpu: int
    begins: float
    ends: float

    @property
    def is_paused(self) -> bool:
        """It has to go on another time."""
        return self.ends < self.begins + self.job.minutes


def jobs_of(
    config: ReproduceConfig, only: Collection[str] = (), minutes: float | None = None
) -> list[Job]:
    """What is left to do, the most important first: each stage for all its seeds, then the next.

    Args:
        config: of the whole.
        only: these stages, and what they start from; none: all.
        minutes: of training, in place of the settings'.
    """
    wanted = set(only or config.stages)
    for stage in list(wanted):
        before = config.before(stage)
        if before is not None:  # it runs where it is not done
            wanted |= {before, config.before(before) or before}
    found = []
    # what each seed has comes before what one has
    order = sorted(config.stages, key=lambda stage: stage not in config.replicated)
    for stage in order:
        if stage not in wanted:
            continue
        for seed in config.all_seeds if stage in config.replicated else [config.seed]:
            output = Path(config.at(seed).output)
            if not is_done(output, stage):
                before = config.before(stage)
                carried = before is not None and (output / f"{before}.safetensors").is_file()
                done = before is None or carried or is_done(output, before)
                limit = config.limit(stage)
                trained = limit if minutes is None or not limit else minutes
                trained = max(0.0, trained - seconds_spent(output / stage / SPENT) / 60)
                needs = None if done else before
                found.append(Job(seed, stage, trained + OVERHEAD, needs))
    return found


def next_job(
    waiting: Sequence[Job], done: Collection[tuple[int, str]], left: float = float("inf")
) -> Job | None:
    """The first job that can start now.

    Args:
        waiting: jobs in order.
        done: (seed, stage) of what has ended well.
        left: minutes; what is not done in them is paused.
    """
    for job in waiting:
        ready = job.needs is None or (job.seed, job.needs) in done
        if ready and left >= min(job.minutes, LEAST):
            return job
    return None


def schedule(jobs: Sequence[Job], gpus: int, within: float = float("inf")) -> list[Planned]:
    """When each job runs if each takes all its minutes; what has no place is left out.

    Args:
        jobs: in order of importance.
        gpus: how many.
        within: minutes after which everything is paused.
    """
    waiting, plan, done = list(jobs), list[Planned](), set[tuple[int, str]]()
    now, running = 0.0, list[Planned]()
    while True:
        free = sorted(set(range(gpus)) - {one.gpu for one in running})
        job = next_job(waiting, done, within - now) if free else None
        if job is not None:
            waiting.remove(job)
            running.append(Planned(job, free[0], now, min(now + job.minutes, within)))
            plan.append(running[-1])
        elif running:
            now = min(one.ends for one in running)
            ended = [one for one in running if one.ends <= now and not one.is_paused]
            done |= {(one.job.seed, one.job.stage) for one in ended}
            running = [one for one in running if one.ends > now]
        else:
            return plan


def plan_text(plan: Sequence[Planned], jobs: Sequence[Job]) -> str:
    """A plan as people read it."""
    lines = [f"{'GPU':>3}  {'from':>5}  {'to':>5}  stage"]
    for one in sorted(plan, key=lambda one: (one.gpu, one.begins)):
        more = " (goes on another time)" if one.is_paused else ""
        lines.append(f"{one.gpu:>3}  {one.begins:5.1f}  {one.ends:5.1f}  {one.job.name}{more}")
    busy = sum(one.ends - one.begins for one in plan)
    last = max((one.ends for one in plan), default=0.0)
    lines.append(f"{len(plan)} stages, at most {busy:.0f} GPU minutes, over in {last:.0f} minutes")
    left = [job.name for job in jobs if job not in [one.job for one in plan]]
    if left:
        lines.append(f"not begun in this time: {', '.join(left)}")
    return "\n".join(lines)
