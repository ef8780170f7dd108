"""What can go wrong in the engine, by what the engine does about it."""

from __future__ import annotations

from r1_training.engine.teachers.teacher import Usage


class EngineError(Exception):
    """Base of the engine's errors."""


class EngineConfigError(EngineError, ValueError):
    """A setting is missing, unknown or out of range; the message names it and its value."""


class InputFileError(EngineError):
    """An input file is missing, unreadable or not what it claims to be."""


class ServerLogError(EngineError):
    """The server's log and the journal disagree; the message says where."""


class JournalError(EngineError):
    """The journal cannot be read, is in use, or belongs to a run with other settings."""


class JournalWriteError(JournalError):
    """The journal cannot be written (disk full, I/O error): the run stops, it stays whole."""


class StopRequested(EngineError):  # noqa: N818 (a request, not an error)
    """The run is stopping; the item stays open and a later run takes it up."""


class BudgetReachedError(StopRequested):
    """The next request could exceed the budget."""


class TeacherError(EngineError):
    """A request to the teacher brought no text.

    Attributes:
        outcome: what is known of the request: `unsent` (never reached the server), `failed` (the
            server refused it: not billed), `blocked`, or `unsure` (sent, no readable answer came
            back: it may have been billed).
        usage: tokens that the server reported, None where it reported none.
    """

    def __init__(self, message: str, outcome: str, usage: Usage | None = None) -> None:
        super().__init__(message)
        self.outcome = outcome
        self.usage = usage


class RetryableTeacherError(TeacherError):
    """Worth another attempt, after `retry_after` seconds where the server asks for it."""

    def __init__(
        self, message: str, outcome: str, usage: Usage | None = None, retry_after: float = 0.0
    ) -> None:
        super().__init__(message, outcome, usage)
        self.retry_after = retry_after


class BlockedError(TeacherError):
    """The prompt or the answer was blocked by the teacher's safety settings."""


class RefusedRequestError(TeacherError):
    """This request can never succeed (too long, malformed); others may."""


class FatalTeacherError(TeacherError):
    """No request can succeed (bad key, unknown model): the run stops."""
