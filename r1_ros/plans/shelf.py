"""Plans that were offered to somebody: carried out is what was offered, never what is handed in."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass

from r1_ros.msg import PlanStep

_MOST_KEPT = 50


class UnknownPlanError(LookupError):
    """No plan of this id was offered, or it was taken already."""


@dataclass(frozen=True)
class OfferedPlan:
    """A plan as the model made it.

    Attributes:
        goal: what was asked for.
        steps: of scene_reasoner, unchanged.
        frame_id: frame of their boxes.
        session_id: the dialogue that hears how it went.
    """

    goal: str
    steps: list[PlanStep]
    frame_id: str
    session_id: str


class PlanShelf:
    """Offered plans by ids that no text in a room can guess; each is taken once. Thread-safe."""

    def __init__(self) -> None:
        self._plans: OrderedDict[str, OfferedPlan] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, plan: OfferedPlan) -> str:
        """Keep a plan; its id. The oldest of more than 50 are forgotten."""
        name = secrets.token_hex(8)
        with self._lock:
            self._plans[name] = plan
            while len(self._plans) > _MOST_KEPT:
                self._plans.popitem(last=False)
        return name

    def take(self, name: str) -> OfferedPlan:
        """The plan of an id, which is gone then.

        Raises:
            UnknownPlanError: there is none.
        """
        with self._lock:
            plan = self._plans.pop(name, None)
        if plan is None:
            raise UnknownPlanError(
                f"no plan {name[:40]!r} is on offer: plan first, then take its id"
            )
        return plan
