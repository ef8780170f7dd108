"""A SIGTERM ends a process as an error does, with all that it cleans up on its way."""

from __future__ import annotations

import signal


def end_with_parts() -> None:
    """Let a SIGTERM end this process as an error would: what it started ends with it."""

    def end(number: int, frame: object) -> None:
        raise SystemExit(128 + number)

    signal.signal(signal.SIGTERM, end)
