"""Do plans that drive by the map alone get where they should? Unseen homes of one and two rooms.

    PYTHONPATH=. python benchmarks/plan_motion.py --homes 200 --goals 5 --workers 2

A walk around each room and a tour of the robot through the home, which somebody steers, are
recorded and mapped by the mapper's own functions, with a sensor's noise and poses that are off.
Plans come from the rooms (`language.tasks.plan_steps`), so what is measured is motion: the
simulated robot knows the map and where it stands, and nothing else. Whether it touches anything is
told by the true surfaces of the home, for a cylinder of its radius and height. Printed are
  reach       plans that were carried out to their end with their goal true in the world, each thing
              within the arm's reach when it was touched; beside it of those whose places the robot
              could get to if it knew the true surfaces: some chairs leave no room to pass
  collisions  poses at which the robot would touch what stands there, of all poses
  mended      plans that reach their goal, and do so with one injected failure all the same:
              moved    a thing stands on other furniture since the map was made (told by a
                       `list_objects` that knows it)
              door     the door between two rooms is shut since: a camera on the robot shows it
              closet   what the plan takes to be open is closed
              grasp    the gripper slips once, and in a third of cases twice
           and beside it how many of them would have reached it without replanning
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.motion_homes import CAMERA_M, SHAPE, Home, TrueHome, make, recorded_again
from r1_model.plans.simulator import Fact, Thing, holds
from r1_model.text.answer import Box, Step
from r1_ros.motion.simulated_base import MappedSpace, SimulatedBase, Watch
from r1_ros.plans.assumptions import Assumptions
from r1_ros.plans.changes import Change, Kind
from r1_ros.plans.plan_outcome import PlanOutcome
from r1_ros.plans.replanning import Replanner
from r1_ros.plans.robot import SkillError
from r1_ros.plans.runner import PlanRunner
from r1_ros.plans.simulated_robot import SimulatedRobot
from r1_training.synthetic.camera.packed_rooms import pack_rooms
from r1_training.synthetic.camera.trajectories import look_at
from r1_training.synthetic.household.catalog import VOCABULARY
from r1_training.synthetic.language.make import make_samples
from r1_training.synthetic.language.symbolic_world import world_of
from r1_training.synthetic.rooms.elements import Room, RoomObject
from r1_training.synthetic.rooms.homes import make_home

# frames a look of the robot's camera; way and turning between two looks
LOOKS, LOOK_EVERY_M, LOOK_EVERY_RAD = 3, 0.2, 0.4
MOST_REPLANS = 4
FAST = 1e6  # m/s: nobody waits for it
KINDS = ("moved", "door", "closet", "grasp")


@dataclass(frozen=True)
class Goal:
    """A plan of the room.

    Attributes:
        calls: (action, ids) in order.
        facts: what shall be true in the end.
        regions: boxes of floor areas by id.
    """

    calls: tuple[tuple[str, tuple[int, ...]], ...]
    facts: tuple[Fact, ...]
    regions: dict[int, tuple[np.ndarray, np.ndarray]]


@dataclass
class Trial:
    """How one plan went."""

    reached: bool
    poses: int = 0
    touched: int = 0
    why: str = ""
    replans: int = 0
    events: list[str] = field(default_factory=list)


def goals_of(home: Home, count: int) -> list[Goal]:
    """Up to `count` different plans about what was seen."""
    found: dict[tuple, Goal] = {}
    rng = np.random.default_rng([home.room.seed, 3])
    samples = make_samples(
        home.room, rng, visible=home.visible, count=6 * count, language="en", split="test",
        tasks=["planning"],
    )  # fmt: skip
    for sample in samples:
        key = sample.answer_key
        calls = tuple(key.get("steps", ()))
        named = {id for _, ids in calls for id in ids}
        boxed = set(home.visible) | set(sample.extra_boxes)
        if calls and named <= boxed and len(found) < count:
            goal = Goal(calls, tuple(key["goal"]), dict(sample.extra_boxes))
            found.setdefault(calls, goal)
    return list(found.values())


def box_of(room: Room, goal: Goal, id: int, names: dict[int, str]) -> Box:
    """The true box of a thing, as a plan has it."""
    if id in goal.regions:
        center, size = goal.regions[id]
    else:
        center, size = room.object(id).center, room.object(id).size
    return Box(np.asarray(center, float), np.asarray(size, float), names[id])


class Run:
    """One plan on the simulated robot.

    Args:
        home: the map; goal: the plan, made when the map was; now: what is true by now.
        slips: how often the first grasp fails.
        opening: (door, home behind it when it is open), where one is shut.
        closed: ids of closets that are closed by now.
        most: replans.
    """

    def __init__(
        self,
        home: Home,
        goal: Goal,
        now: Room,
        *,
        slips: int = 0,
        door: RoomObject | None = None,
        closed: Sequence[int] = (),
        most: int = MOST_REPLANS,
    ) -> None:
        self.home, self.goal, self.now, self.most = home, goal, now, most
        self.door, self.slips = door, slips
        self.names = {id: str(t.name) for id, t in world_of(now).things.items()}
        self.trial = Trial(False)
        self.poses: list[np.ndarray] = []
        self.true = home.true if now is home.room else TrueHome(now)
        base = SimulatedBase(self._map, FAST, SHAPE, Watch(on_pose=self._on_pose))
        self.robot = _Slipping(base, slips)
        for id, thing in world_of(now).things.items():
            if id in closed:
                thing = replace(thing, states={**thing.states, "opening": "closed"})
            known = id in goal.regions or id <= len(now.objects)
            self.robot.know(id, thing, box_of(now, goal, id, self.names) if known else None)
        self._mapped = home.mapped
        self._looked_at: np.ndarray | None = None
        # looks go into a map of their own: the next run begins with the old one
        self._recorder = home.recorder if door is None else recorded_again(home)
        self._packed = pack_rooms([now], views=1) if door is not None else None

    def go(self) -> Trial:
        """Carry it out."""
        steps = [
            Step(
                number, action,
                tuple(self.names[id] for id in ids),
                tuple(box_of(self.home.room, self.goal, id, self.names) for id in ids),
            )
            for number, (action, ids) in enumerate(self.goal.calls, 1)
        ]  # fmt: skip
        runner = PlanRunner(self.robot, print, self.trial.events.append)
        replanner = Replanner(steps, self.most, lambda *_: True, self._find_door)
        try:
            outcome: PlanOutcome = runner.run(
                steps,
                "map",
                assumptions=Assumptions(steps, lambda *_: [], 0.0),
                skill_timeout=600.0,
                stop_timeout=1.0,
                should_stop=lambda: False,
                on_step=lambda *_: None,
                check=self._check,
                replanner=replanner,
            )
        finally:
            runner.close()
        self._count()
        reached = outcome.code == 0 and all(holds(self.robot.world, f) for f in self.goal.facts)
        self.trial.reached = reached
        self.trial.why = outcome.sentence or ("" if reached else "the goal is not true")
        return self.trial

    def _check(self, step: Step, should_stop: object) -> Change | None:
        """A `list_objects` that knows where things are by now."""
        for box in step.boxes:
            for thing, before in zip(self.now.objects, self.home.room.objects, strict=False):
                same = before.category == box.label and np.allclose(before.center, box.center)
                if same and not np.allclose(thing.center, before.center):
                    there = Box(thing.center, thing.size, box.label)
                    if self.robot.world.held != thing.id:
                        return Change(Kind.MOVED, box.label, there, was=box)
        return None

    def _find_door(self, box: Box) -> Box | None:
        if self.door is None:
            return None
        return Box(self.door.center, self.door.size, "door")

    def _map(self, should_stop: object) -> MappedSpace:
        """The map of before; where a door is shut, with what the robot's camera sees."""
        pose = self.robot.base.pose if self.robot.base is not None else None
        if self.door is None or pose is None:
            return self._mapped
        seen = self._looked_at
        if seen is not None:
            turned = abs(math.remainder(float(pose[2] - seen[2]), math.tau))
            if np.linalg.norm(pose[:2] - seen[:2]) < LOOK_EVERY_M and turned < LOOK_EVERY_RAD:
                return self._mapped
        self._looked_at = pose.copy()
        eye = np.array([*pose[:2], CAMERA_M])
        ahead = np.array([np.cos(pose[2]), np.sin(pose[2]), -0.3])
        for _ in range(LOOKS):
            self._recorder.add(look_at(eye, eye + ahead), self.home.fov, self._packed)
        self._mapped = MappedSpace(self._recorder.map.snapshot().scene.points, pose[:2])
        return self._mapped

    def _on_pose(self, pose: np.ndarray) -> None:
        if self.door is not None and self._is_open():
            self._count()  # what was driven before, with the door shut
            self.door, self.true = None, self.home.true
        self.poses.append(pose)

    def _is_open(self) -> bool:
        thing = self.robot.world.things[len(self.now.objects)]
        return thing.states.get("opening") == "open"

    def _count(self) -> None:
        self.trial.poses += len(self.poses)
        self.trial.touched += self.true.touched(self.poses)
        self.poses = []


class _Slipping(SimulatedRobot):
    """Its first grasps slip."""

    def __init__(self, base: SimulatedBase, slips: int) -> None:
        super().__init__(0.0, base)
        self.slips = slips

    def execute(self, step: Step, should_stop: Any, on_status: Any) -> None:
        """See `SimulatedRobot`."""
        if step.action == "pick" and self.slips > 0:
            self.slips -= 1
            raise SkillError(f"the {step.labels[0]} slipped out of the gripper")
        super().execute(step, should_stop, on_status)


def moved(home: Home, goal: Goal, rng: np.random.Generator) -> Room | None:
    """The home with a small thing that the plan needs on other furniture; None: there is none."""
    room = home.room
    needed = [id for _, ids in goal.calls for id in ids if id <= len(room.objects)]
    hosts = [t for t in room.objects if t.id in home.visible and t.parent is None
             and VOCABULARY[t.category].supports and t.size[2] < 1.1]  # fmt: skip
    for id in needed:
        thing = room.object(id)
        free = [h for h in hosts if h.id not in needed and h.id != thing.parent
                and (h.size[:2] > thing.size[:2]).all()]  # fmt: skip
        if not VOCABULARY[thing.category].graspable or not free:
            continue
        host = free[rng.integers(len(free))]
        center = host.center.copy()
        center[2] = host.center[2] + host.size[2] / 2 + thing.size[2] / 2
        way = center - thing.center
        objects = [
            replace(t, center=center, parent=host.id, parent_relation="on", level=None)
            if t.id == id else t for t in room.objects
        ]  # fmt: skip
        unit = room.primitives.unit_from_map.copy()
        own = room.primitives.instance == id
        unit[own, :, 3] -= (unit[own, :, :3] @ way).astype(np.float32)
        primitives = replace(room.primitives, unit_from_map=unit)
        return replace(room, objects=objects, primitives=primitives)
    return None


def injected(home: Home, goal: Goal, kind: str, rng: np.random.Generator) -> dict | None:
    """What `Run` takes so that a plan fails in this way; None: this plan cannot."""
    room = home.room
    actions = [action for action, _ in goal.calls]
    if kind == "grasp":
        slips = 2 if rng.random() < 1 / 3 else 1
        return {"now": room, "slips": slips} if "pick" in actions else None
    if kind == "moved":
        now = moved(home, goal, rng)
        return None if now is None else {"now": now}
    if kind == "door":
        if len(room.parts) != 2:
            return None
        shut = make_home(room.seed, "test", 2, shut=True)
        away = [room.object(id).part for _, ids in goal.calls for id in ids
                if id <= len(room.objects)]  # fmt: skip
        is_other = any(part != _part_at(room, home.mapped.start) for part in away)
        if len(shut.objects) == len(room.objects) or not is_other:
            return None
        return {"now": shut, "door": shut.objects[-1]}
    closets = []
    for action, ids in goal.calls:
        thing = world_of(room).things[ids[0]]
        if action == "pick" and thing.relation == "in" and _stays_open(room, goal, thing):
            closets.append(thing.parent)
    return {"now": room, "closed": closets} if closets else None


def _stays_open(room: Room, goal: Goal, thing: Thing) -> bool:
    """Is what a thing is in open, and does the plan not open it?"""
    around = world_of(room).things.get(thing.parent)
    opens = any(action == "open" and ids[0] == thing.parent for action, ids in goal.calls)
    return around is not None and around.states.get("opening") == "open" and not opens


def _part_at(room: Room, place: np.ndarray) -> int:
    local = np.linalg.inv(room.T_map_room) @ [*place, 0.0, 1.0]
    away = [np.abs(local[:2] - part.center) - part.size[:2] / 2 for part in room.parts]
    return int(np.argmin([one.max() for one in away]))


def judge(task: tuple[int, int]) -> dict[str, Any]:
    """One home: all of its trials."""
    seed, count = task
    torch.set_num_threads(1)
    home = make(seed)
    rng = np.random.default_rng([home.room.seed, 11])
    goals = goals_of(home, count)
    trials = []
    for number, goal in enumerate(goals):
        run = Run(home, goal, home.room)
        trial = run.go()
        trials.append({"kind": "plain", **_as_json(trial), "possible": trial.reached})
        if not trial.reached:
            ids = [ids[0] for action, ids in goal.calls if action == "navigate_to"]
            boxes = [box_of(home.room, goal, id, run.names) for id in ids]
            trials[-1]["possible"] = home.true.leads_to(boxes)
            continue
        # each kind in its turn, or the next one that this plan can have
        for kind in np.roll(KINDS, -(number + seed)):
            found = injected(home, goal, str(kind), rng)
            if found is None:
                continue
            alone = Run(home, goal, **found, most=0).go()
            mended = Run(home, goal, **found).go()
            trials.append({"kind": str(kind), **_as_json(mended), "alone": alone.reached})
            trials[-1]["poses"] += alone.poses
            trials[-1]["touched"] += alone.touched
            break
    return {"seed": seed, "rooms": 1 + seed % 2, "goals": len(goals), "trials": trials}


def _as_json(trial: Trial) -> dict[str, Any]:
    return {k: getattr(trial, k) for k in ("reached", "poses", "touched", "why")}


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--homes", type=int, default=200)
    parser.add_argument("--goals", type=int, default=5, help="of each home")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--json", type=Path, default=Path("output/plan_motion.json"))
    options = parser.parse_args()
    options.json.parent.mkdir(parents=True, exist_ok=True)
    tasks = [(seed, options.goals) for seed in range(options.homes)]
    homes = []
    context = multiprocessing.get_context("spawn")
    with context.Pool(options.workers) as pool:
        for home in pool.imap(judge, tasks):
            homes.append(home)
            good = sum(t["reached"] for t in home["trials"])
            print(f"home {home['seed']}: {good} of {len(home['trials'])}", flush=True)
            options.json.write_text(json.dumps(homes, indent=1) + "\n", encoding="utf-8")
    report(homes)


def report(homes: list[dict[str, Any]]) -> None:
    """Print the table."""
    trials = [trial for home in homes for trial in home["trials"]]
    plain = [t for t in trials if t["kind"] == "plain"]
    failed = [t for t in trials if t["kind"] != "plain"]
    print(f"{len(homes)} homes, {len(plain)} plans, {len(failed)} with an injected failure")
    for rooms in (1, 2):
        own = [t for h in homes if h["rooms"] == rooms for t in h["trials"]
               if t["kind"] == "plain"]  # fmt: skip
        print(f"reach, rooms: {rooms:14d} {_share([t['reached'] for t in own])}")
    print(f"reach{'':22s}{_share([t['reached'] for t in plain])}   target >= 0.80")
    possible = [t["reached"] for t in plain if t["possible"]]
    print(f"reach, of what can be got to {_share(possible)}")
    touched, poses = (sum(t[key] for t in trials) for key in ("touched", "poses"))
    print(f"collisions{'':17s}{touched} of {poses} poses   target 0")
    for kind in KINDS:
        own = [t for t in failed if t["kind"] == kind]
        alone = _share([t["alone"] for t in own])
        print(f"mended: {kind:19s}{_share([t['reached'] for t in own])}   without: {alone}")
    print(f"mended{'':21s}{_share([t['reached'] for t in failed])}   target >= 0.70")
    whys = Counter(t["why"][:90] for t in trials if not t["reached"])
    for why, count in whys.most_common(12):
        print(f"  {count:4d} x {why}")


def _share(hits: Sequence[bool]) -> str:
    return f"{np.mean(hits):.3f} ({sum(hits)} of {len(hits)})" if hits else "- (0)"


if __name__ == "__main__":
    main()
