"""Errors that a message can cause."""

from __future__ import annotations


class BadMessageError(ValueError):
    """A message cannot be used.

    Attributes:
        reason: the kind of fault in few words; diagnostics count by it.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason, self.detail = reason, detail

    def __reduce__(self) -> tuple[type[BadMessageError], tuple[str, str]]:
        """Other processes get it whole."""
        return type(self), (self.reason, self.detail)
