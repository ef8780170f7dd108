"""What a scenario expects, held against what a replay brought. Scores are held by the scorer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from r1_ros.evaluation.faults import LEVELS, Fault
from r1_ros.evaluation.health import ERROR, Remark

_NAMES = {"tf": ("color", "depth", "points", "map")}  # whose status tells of a fault of tf


@dataclass(frozen=True)
class Expectation:
    """One thing that was expected: its name, whether it held, and what was found."""

    name: str
    held: bool
    found: str


def judge(
    expect: Mapping[str, Any],
    record: Mapping[str, Any],
    remarks: Sequence[Remark],
    faults: Mapping[Fault, float],
) -> list[Expectation]:
    """Everything that was expected of a run.

    Args:
        expect: of the scenario.
        record: of the run, see `record`.
        remarks: what was said on /diagnostics.
        faults: when each fault began, time.monotonic().
    """
    found = [_no_system_fault(record)]
    windows = [(began, began + f.seconds + f.within) for f, began in faults.items()]
    if expect.get("no_errors"):
        errors = [
            f"{r.name}: {r.text}"
            for r in remarks
            if r.level == ERROR and not any(low <= r.at <= high for low, high in windows)
        ]
        text = "; ".join(errors[:3]) or "none"
        found.append(Expectation("no ERROR in /diagnostics", not errors, text))
    play, scene = record["play"], record["map"]
    for name, value, least in (
        ("map_points", scene["points"], True),
        ("keyframes", scene["keyframes"], True),
        ("dropped", play["dropped"], False),
        ("lost", play["lost"], False),
    ):
        if name in expect:
            held = value >= expect[name] if least else value <= expect[name]
            sign = ">=" if least else "<="
            found.append(Expectation(f"{name} {sign} {expect[name]:g}", bool(held), f"{value:g}"))
    if "answer_seconds_p95" in expect:
        limit = expect["answer_seconds_p95"]
        p95 = float(np.percentile([row["seconds"] for row in record["answers"]] or [0.0], 95))
        found.append(
            Expectation(f"p95 of the answers <= {limit:g} s", p95 <= limit, f"{p95:.2f} s")
        )
    for fault in sorted(faults, key=lambda item: item.at):
        if fault.expect:
            found.append(_reported(fault, faults[fault], remarks))
    return found


def _no_system_fault(record: Mapping[str, Any]) -> Expectation:
    errors = [f"{row['id']}: {row['error']}" for row in record["answers"] if row["fault"]]
    return Expectation("every question is served", not errors, "; ".join(errors[:3]) or "all")


def _reported(fault: Fault, began: float, remarks: Sequence[Remark]) -> Expectation:
    names = _NAMES.get(fault.input, (fault.input,))
    level = LEVELS[fault.expect]
    told = [
        remark
        for remark in remarks
        if remark.name in names and remark.level >= level and remark.at >= began
    ]
    name = f"{fault.kind} of {fault.input} at {fault.at:g} s is reported ({fault.expect})"
    if not told:
        return Expectation(name, False, "nothing was said")
    delay = told[0].at - began
    held = delay <= fault.within
    return Expectation(name, held, f"after {delay:.1f} s: {told[0].name}: {told[0].text}")
