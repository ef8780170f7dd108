"""Child processes that start together, are watched, and stop together."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# How long a node has to end by itself after each signal.
_PATIENCE = ((signal.SIGINT, 8.0), (signal.SIGTERM, 3.0), (signal.SIGKILL, 3.0))
_POLL_S = 0.05


@dataclass(frozen=True)
class Ended:
    """A process that ended: its name and exit status (negative: the signal that killed it)."""

    name: str
    status: int

    def __str__(self) -> str:
        if self.status < 0:
            return f"{self.name} was killed by {signal.Signals(-self.status).name}"
        return f"{self.name} ended with status {self.status}"


class ProcessGroup:
    """Use as a context manager: at its end every process is stopped.

    Args:
        say: gets a line when a process has to be killed.
    """

    def __init__(self, say: Callable[[str], object] = print) -> None:
        self._processes: dict[str, subprocess.Popen] = {}
        self._say = say

    def __enter__(self) -> ProcessGroup:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(
        self,
        name: str,
        command: Sequence[str],
        log: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Start a process; its output goes to the terminal, or to the file `log`.

        It gets a process group of its own: Ctrl-C reaches it through `stop` only, once.

        Args:
            name: for people and for the other calls.
            command: what is run.
            log: file that its output is added to.
            environment: added to ours.
        """
        with contextlib.ExitStack() as stack:
            output = stack.enter_context(log.open("ab")) if log is not None else None
            self._processes[name] = subprocess.Popen(
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT if output is not None else None,
                env={**os.environ, "PYTHONUNBUFFERED": "1", **(environment or {})},
                start_new_session=True,
            )

    def pid(self, name: str) -> int:
        """Process id of a process that was started."""
        return self._processes[name].pid

    def ended(self) -> Ended | None:
        """The first process that has ended by itself, or None."""
        for name, process in self._processes.items():
            if (status := process.poll()) is not None:
                return Ended(name, status)
        return None

    def forget(self, name: str) -> None:
        """Watch a process that has ended no longer."""
        del self._processes[name]

    def wait(self, name: str, timeout_s: float) -> int | None:
        """Exit status of a process, or None when it still runs after `timeout_s`."""
        try:
            return self._processes[name].wait(timeout_s)
        except subprocess.TimeoutExpired:
            return None

    def stop(self, name: str | None = None) -> list[Ended]:
        """Stop one process, or all at once; the longer it takes, the harder it is asked."""
        stopping = {key: process for key, process in self._processes.items() if name in (None, key)}
        for number, patience in _PATIENCE:
            running = [key for key, process in stopping.items() if process.poll() is None]
            if not running:
                break
            for key in running:
                if number != signal.SIGINT:
                    self._say(f"{key} does not stop: sending {number.name}")
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(stopping[key].pid, number)
            deadline = time.monotonic() + patience
            while time.monotonic() < deadline and any(
                process.poll() is None for process in stopping.values()
            ):
                time.sleep(_POLL_S)
        for key in stopping:
            del self._processes[key]
        return [Ended(key, process.returncode) for key, process in stopping.items()]
