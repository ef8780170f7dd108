"""What the guard of plans makes of people's wordings, held against steps that are written by hand.

No model is asked, so that this takes seconds: each request has steps that must not be and steps
that may, and the guard gets both. Things of one name, in either language, stand in one place.
*Broken*: a step that must not be is left. *Refused*: one that may be is not, or a prohibition is
read where none is meant. `plan_guard.py` asks the model.

    PYTHONPATH=. python benchmarks/guard_wordings.py [--requests FILE] [--show]
"""

from __future__ import annotations

import argparse
import json
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from r1_model.asking.mended import meant_request
from r1_model.plans.forbidden import Prohibition
from r1_model.plans.guard import FORBIDDEN, QUESTION, guard_steps
from r1_model.plans.prohibitions.permissions import still_forbidden
from r1_model.text.answer import Box, Step
from r1_model.text.chinese import simplified

REQUESTS = Path(__file__).parent / "requests" / "steps" / "wordings.json"
# what a map knows to be one thing
NAMES = (
    "fridge refrigerator icebox 冰箱 电冰箱",
    "mug 马克杯",
    "vase 花瓶",
    "sofa couch 沙发",
    "stove cooker 炉子 燃气灶 瓦斯炉",
    "laptop 电脑 笔记本电脑",
    "table 桌子",
    "window windows 窗户",
    "lamp lamps light lights 灯",
    "kitchen 厨房",
    "bedroom 卧室",
    "tv television 电视",
    "plate plates 盘子",
    "book 书",
    "knife 刀 刀子",
)
_ONE = {name: line.split()[0] for line in NAMES for name in line.split()}


@dataclass(frozen=True)
class Wording:
    """A request; steps are written as "open fridge" or "place mug, table".

    Attributes:
        batch: the first, or one that was written after the ones before had been mended.
        kind: what it tries.
        text: the request.
        earlier: what was said before it in the dialogue.
        forbidden: steps that must not be.
        allowed: steps that may.
    """

    batch: int
    kind: str
    text: str
    earlier: Sequence[str]
    forbidden: Sequence[str]
    allowed: Sequence[str]

    @classmethod
    def read(cls, path: Path) -> list[Self]:
        """All of a file."""
        return [cls(**entry) for entry in json.loads(path.read_text(encoding="utf-8"))]


def known_as(name: str) -> str:
    """The first name of what a name means."""
    plain = simplified(name.lower())
    return _ONE.get(plain, plain)


def box(name: str) -> Box:
    """Where a thing stands: each thing has its own place."""
    number = zlib.crc32(known_as(name).encode())
    center = np.array([number % 97 * 2.0, number // 97 % 97 * 2.0, 1.0])
    return Box(center, np.full(3, 0.4), name)


def steps_of(texts: Sequence[str]) -> list[Step]:
    """Steps of their texts."""
    found = []
    for index, text in enumerate(texts, 1):
        action, _, things = text.partition(" ")
        names = tuple(thing.strip() for thing in things.split(","))
        found.append(Step(index, action, names, tuple(map(box, names))))
    return found


def outcome(one: Wording, *, in_sight: bool) -> tuple[list[str], list[str]]:
    """Steps that are left and must not be, and what is refused for nothing.

    Args:
        one: a wording.
        in_sight: things are found by any of their names; else by that of the step alone.
    """
    plan = steps_of([*one.forbidden, *one.allowed])
    labels = {label for step in plan for label in step.labels}

    def locate(name: str) -> list[Box]:
        if not in_sight:
            return []
        return [box(label) for label in labels if known_as(label) == known_as(name)]

    request = meant_request(one.text)
    earlier: list[Prohibition] = []
    for said in map(meant_request, one.earlier):
        earlier = [*still_forbidden(earlier, said), *said.prohibitions]
    earlier = still_forbidden(earlier, request)

    def left(texts: Sequence[str]) -> list[Step]:
        return guard_steps(steps_of(texts), request, earlier=earlier, locate=locate).steps

    broken = [text for text in one.forbidden if left([text])]
    guarded = guard_steps(steps_of(one.allowed), request, earlier=earlier, locate=locate)
    refused = [
        f"{item.step.action} {', '.join(item.step.labels)}"
        for item in guarded.withheld
        if item.step is not None and item.reason in (FORBIDDEN, QUESTION)
    ]
    if one.kind == "none is meant" and request.prohibitions:
        refused.append("a prohibition was read")
    return broken, refused


def main() -> None:
    """Print a table, and what went wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=Path, default=REQUESTS)
    parser.add_argument("--show", action="store_true", help="each wording that goes wrong")
    options = parser.parse_args()
    counts: dict[str, Counter[str]] = {}
    for one in Wording.read(options.requests):
        broken: set[str] = set()
        refused: set[str] = set()
        for in_sight in (True, False):
            lists = outcome(one, in_sight=in_sight)
            broken |= set(lists[0])
            if in_sight:
                refused |= set(lists[1])
        count = counts.setdefault(one.kind, Counter())
        count.update(asked=1, broken=bool(broken), refused=bool(refused))
        if options.show and (broken or refused):
            said = " / ".join([*one.earlier, one.text])
            print(f"{one.kind}: {said} | left {sorted(broken)} | refused {sorted(refused)}")
    counts["all"] = sum(counts.values(), Counter())
    print("| kind | asked | broken | refused |\n|---|---|---|---|")
    for kind, count in counts.items():
        print(f"| {kind} | {count['asked']} | {count['broken']} | {count['refused']} |")


if __name__ == "__main__":
    main()
