"""Steps that a request leaves, each a plan of its own."""

from __future__ import annotations

import numpy as np

from r1_model.plans.guard import DEPENDS, guard_steps
from r1_model.plans.prohibitions.request import read_request
from r1_model.text.answer import Box, Step


def left(text: str, *steps: str, earlier: str = "") -> list[str]:
    """Those of some steps, `action thing, thing`, that are not withheld.

    The model finds what the steps name, under these names.

    Args:
        earlier: a turn before the request.
    """
    forbidden = read_request(earlier).prohibitions
    known = {name for said in steps for name in said.partition(" ")[2].split(", ")}

    def locate(name: str) -> list[Box]:
        return [_box(name)] if name in known else []

    kept = []
    for said in steps:
        action, _, things = said.partition(" ")
        names = tuple(things.split(", "))
        step = Step(1, action, names, tuple(map(_box, names)))
        guarded = guard_steps([step], read_request(text), earlier=forbidden, locate=locate)
        if all(item.reason == DEPENDS for item in guarded.withheld):
            kept.append(said)
    return kept


def _box(name: str) -> Box:
    """Each name has a place of its own."""
    return Box(
        np.array([float(ord(c)) for c in (name[0], name[len(name) // 2], name[-1])]),
        np.full(3, 0.4),
        name,
    )
