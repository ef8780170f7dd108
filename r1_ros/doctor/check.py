"""One line of the doctor's report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Status = Literal["ok", "info", "warn", "fail"]


@dataclass(frozen=True)
class Check:
    """One finding.

    Attributes:
        section: heading that it stands under.
        name: what was looked at.
        status: ok; info (a fact); warn (works, but look at it); fail (something required is
            missing).
        detail: what was found and, where it is not ok, what to do.
    """

    section: str
    name: str
    status: Status
    detail: str


def warning(name: str, detail: str) -> Check:
    """A fault of the set-up, with its mend."""
    return Check("set-up", name, "warn", detail)
