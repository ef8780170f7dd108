"""Can a plan be carried out, and is its goal reached in the end?"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from r1_model.plans.simulator import Fact, World, check_plan

PlanStep = tuple[str, Sequence[Hashable]]  # action and the keys of its arguments
UNFINISHED = 0.3  # most that a plan gets which does not reach its goal
_SLACK = 2  # steps more than needed that cost nothing


def plan_reward(
    steps: Sequence[PlanStep], known: Sequence[PlanStep], world: World, goal: Sequence[Fact]
) -> float:
    """1 where the plan can be carried out and reaches the goal, by whatever way.

    Steps beyond `known` and two more cost their share (down to `UNFINISHED`), so a plan cannot be
    padded. A plan that does not reach its goal gets at most `UNFINISHED`: for the steps of the
    known plan, in its order, that it carried out before it failed. Steps that anyone can do, such
    as looking at things, are not among them.

    Args:
        steps: of the answer; none is worth 0.
        known: of one plan that reaches the goal, at least one step.
        world: before the plan.
        goal: what shall be true in the end.
    """
    if not steps:
        return 0.0
    result = check_plan(world, steps, goal)
    if result.executable and result.goal_reached:
        return max(UNFINISHED, min(1.0, (len(known) + _SLACK) / len(steps)))
    done = [(action, *keys) for action, keys in steps[: result.steps_done]]
    common = _common(done, [(action, *keys) for action, keys in known])
    return UNFINISHED * common / max(len(steps), len(known))


def _common(first: Sequence[tuple], second: Sequence[tuple]) -> int:
    """Length of the longest common subsequence."""
    best = [0] * (len(second) + 1)
    for one in first:
        previous = 0
        for index, other in enumerate(second, 1):
            above = best[index]
            best[index] = previous + 1 if one == other else max(above, best[index - 1])
            previous = above
    return best[-1]
