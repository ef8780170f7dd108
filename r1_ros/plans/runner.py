"""Carry a plan out: step by step, until the first failure, the end, or a cancel request."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Sequence
from multiprocessing.pool import AsyncResult, ThreadPool

from r1_model.plans.skills import SKILLS
from r1_model.text.answer import Step
from r1_ros.messages.plan_text import call_text
from r1_ros.msg import ErrorCode
from r1_ros.plans.assumptions import Assumptions, NotSeenError, refuse_unrevealed
from r1_ros.plans.changes import Change, Kind
from r1_ros.plans.plan_outcome import PlanOutcome
from r1_ros.plans.replanning import Replanner
from r1_ros.plans.robot import Robot, ShouldStop, SkillError, SkillStoppedError

_POLL_S = 0.01

OnStep = Callable[[Step, str, int], None]
# what of a step is not as the plan takes it, as far as anybody can tell; None: nothing is known
Check = Callable[[Step, ShouldStop], Change | None]


def refuse_plan(
    robot: Robot,
    steps: Sequence[Step],
    patience: float = 0.0,
    should_stop: ShouldStop = lambda: False,
) -> PlanOutcome | None:
    """Why a plan must not even be started, or None.

    No robot shall stop half-way for want of a skill, or look for what no step reveals.

    Args:
        robot: that shall carry it out.
        steps: of the plan.
        patience: how long to wait for skills that may still appear [s].
        should_stop: True when the caller has cancelled.
    """
    if not steps:
        return PlanOutcome(code=ErrorCode.EMPTY_PLAN, sentence="the plan holds no step")
    wanted = {step.action for step in steps}
    deadline = time.monotonic() + patience
    # a name that no robot knows is not worth the wait
    while not wanted <= (offered := robot.skills()) and wanted <= set(SKILLS):
        if should_stop():
            return PlanOutcome(code=ErrorCode.CANCELED, sentence="cancelled by the caller")
        if time.monotonic() >= deadline:
            break
        time.sleep(_POLL_S)
    for position, step in enumerate(steps, 1):
        if step.action not in offered:
            known = ", ".join(sorted(offered)) or "none (see the parameter `robot`)"
            return PlanOutcome(
                failed_step=position,
                code=ErrorCode.UNKNOWN_SKILL,
                sentence=f"step {position}: the robot has no skill {step.action[:60]!r}; "
                f"it has {known}",
            )
    return refuse_unrevealed(steps)


class PlanRunner:
    """Runs the skills of a robot, each in a thread that can be given up.

    Args:
        robot: whose skills.
        log_defect: gets the trace of a skill that raised anything but its two errors.
        log: gets a line about each step when it has ended.
    """

    def __init__(
        self,
        robot: Robot,
        log_defect: Callable[[str], object],
        log: Callable[[str], object] = lambda _: None,
    ) -> None:
        self._robot, self._log_defect, self._log = robot, log_defect, log
        # of daemon threads: a skill that hangs must not keep the process from ending
        self._thread = ThreadPool(1)
        self._running: AsyncResult | None = None

    @property
    def stuck(self) -> bool:
        """A skill that was told to stop still runs."""
        return self._running is not None and not self._running.ready()

    def run(
        self,
        steps: Sequence[Step],
        frame_id: str,
        *,
        assumptions: Assumptions,
        skill_timeout: float,
        stop_timeout: float,
        should_stop: ShouldStop,
        on_step: OnStep,
        check: Check = lambda step, should_stop: None,
        replanner: Replanner | None = None,
    ) -> PlanOutcome:
        """Carry the steps out, in order; see also `refuse_plan`.

        Args:
            steps: of the plan.
            frame_id: frame of their boxes.
            assumptions: of these steps; they are verified as they come.
            skill_timeout: a skill that runs for longer has failed [s].
            stop_timeout: how long a skill may take to stop [s].
            should_stop: True when the caller has cancelled.
            on_step: gets (step, what its skill reports, steps done), in the skill's thread or
                the caller's. A step that replanning put in has the index of the one that it is
                for, and is not counted.
            check: looked up right before each step.
            replanner: changes what is left of the plan after a failure; None: that ends it.
        """
        self._robot.start_plan(frame_id)
        waiting, left = list(steps), len(steps)
        limits = (skill_timeout, stop_timeout)
        while waiting:
            step, done = waiting[0], len(steps) - left
            if should_stop():
                return PlanOutcome(done, 0, ErrorCode.CANCELED, "cancelled by the caller")
            on_step(step, "started", done)
            try:
                failure = _unmet(step, done, check(step, should_stop))
            except SkillStoppedError:
                return PlanOutcome(done, 0, ErrorCode.CANCELED, "cancelled by the caller")
            failure = failure or self._run_step(
                step, done, assumptions, limits, should_stop, on_step
            )
            self._log(
                f"step {done + 1} of {len(steps)} {call_text(step)}: "
                + (f"failed: {failure.sentence}" if failure is not None else "done")
            )
            if failure is not None:
                mended = replanner.mend(waiting, failure) if replanner is not None else None
                if mended is None:
                    return failure
                calls = ", ".join(call_text(item) for item in mended[: len(mended) - left + 1])
                on_step(step, f"{failure.sentence}; going on with {calls}", done)
                self._log(f"step {done + 1} goes on with {calls}")
                waiting = mended
                continue
            assumptions.done(step)
            is_own = len(waiting) <= left
            del waiting[0]
            left -= is_own
            on_step(step, "done", done + is_own)
        return PlanOutcome(len(steps))

    def close(self) -> None:
        """Let go of the robot. A skill that is stuck is left alone."""
        self._thread.terminate()
        self._robot.close()

    def _run_step(
        self,
        step: Step,
        done: int,
        assumptions: Assumptions,
        limits: tuple[float, float],
        should_stop: ShouldStop,
        on_step: OnStep,
    ) -> PlanOutcome | None:
        def on_status(status: str) -> None:
            on_step(step, status, done)

        try:
            verified = assumptions.verify(step, should_stop, on_status)
        except NotSeenError as error:
            return PlanOutcome(done, done + 1, ErrorCode.NOT_SEEN, str(error))
        except SkillStoppedError:
            return PlanOutcome(done, 0, ErrorCode.CANCELED, "cancelled by the caller")
        skill_timeout, stop_timeout = limits
        deadline = time.monotonic() + skill_timeout
        ended = False  # once told to stop, a skill is not told to go on

        def end() -> bool:
            nonlocal ended
            ended = ended or should_stop() or time.monotonic() > deadline
            return ended

        errors: list[BaseException] = []
        running = self._running = self._thread.apply_async(
            self._robot.execute,
            (verified, end, on_status),
            error_callback=errors.append,
        )
        while not running.ready() and not end():
            running.wait(_POLL_S)
        if ended:
            running.wait(stop_timeout)
        if not running.ready():
            return self._ended(step, done, should_stop(), skill_timeout, stuck=True)
        if not errors:
            said = running.get()
            if said is None:
                return None
            # a skill that returns False has not done its work, whatever it meant
            reason = f"{step.action} returned {said!r:.60}; a skill returns nothing, or raises"
            return PlanOutcome(done, done + 1, ErrorCode.SKILL_FAILED, reason)
        words = str(errors[0])
        if isinstance(errors[0], SkillStoppedError) and ended:
            return self._ended(step, done, should_stop(), skill_timeout, words)
        if not isinstance(errors[0], SkillError):
            self._log_defect("".join(traceback.format_exception(errors[0])))
            words = f"{type(errors[0]).__name__}: {words}"
        reason = words.strip() or f"{step.action} failed and did not say why"
        change = errors[0].change if isinstance(errors[0], SkillError) else None
        return PlanOutcome(done, done + 1, ErrorCode.SKILL_FAILED, reason, change=change)

    def _ended(
        self,
        step: Step,
        done: int,
        cancelled: bool,
        skill_timeout: float,
        words: str = "",
        stuck: bool = False,
    ) -> PlanOutcome:
        tail = "; it was told to stop and still runs" if stuck else f"; {words}" if words else ""
        if cancelled:
            sentence = f"cancelled by the caller during step {done + 1}{tail}"
            return PlanOutcome(done, 0, ErrorCode.CANCELED, sentence, stuck)
        sentence = f"{step.action} did not finish within {skill_timeout:g} s{tail}"
        return PlanOutcome(done, done + 1, ErrorCode.SKILL_TIMEOUT, sentence, stuck)


def _unmet(step: Step, done: int, change: Change | None) -> PlanOutcome | None:
    """The end of a plan whose next step cannot work; None: it may."""
    if change is None:
        return None
    said = {
        Kind.MOVED: f"the {change.label[:60]} is not where the plan has it any more",
        Kind.GONE: f"the {change.label[:60]} is not there any more",
    }
    sentence = said.get(change.kind, f"{step.action}: the {change.label[:60]} is in the way")
    return PlanOutcome(done, done + 1, ErrorCode.NOT_SEEN, sentence, change=change)
