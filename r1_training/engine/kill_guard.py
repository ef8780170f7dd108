"""Paid requests outlive `kill -9` of the command.

The work runs in a child process in a session of its own. When the command dies, however it dies,
the child sends no new request, waits for those in flight, journals their answers and ends. So a
killed command loses no answer that will be billed. (Killing the child too, or the power, does; the
journal then knows which requests were in flight.)
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer

EXIT_INTERRUPTED = 130
EXIT_KILLED = 128 + signal.SIGKILL
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def run_guarded(work: Callable[[threading.Event], int]) -> int:
    """Run `work` in a child that stops by itself when this process is gone.

    Call it before any thread is started.

    Args:
        work: gets an event that is set when it should stop; returns the exit code.

    Returns:
        The child's exit code, 128 + n where signal n ended it.
    """
    # Its write end stays open in this process alone: when it closes, this process is gone.
    read_end, write_end = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.setsid()
            os.close(write_end)
            with stop_on_signal() as stop:
                watcher = threading.Thread(target=_watch, args=(read_end, stop), daemon=True)
                watcher.start()
                code = work(stop)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    os.close(read_end)
    previous = {number: signal.signal(number, _forward_to(child)) for number in _SIGNALS}
    try:
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
        os.close(write_end)
    return code if code >= 0 else 128 - code


@contextmanager
def stop_on_signal() -> Iterator[threading.Event]:
    """An event that the first SIGINT or SIGTERM sets; the second ends the process."""
    stop = threading.Event()

    def on_signal(number: int, frame: object) -> None:
        if stop.is_set():
            os._exit(EXIT_INTERRUPTED)  # the journal is whole at any moment
        stop.set()
        typer.echo("stopping after the requests in flight; once more to stop at once", err=True)

    previous = {number: signal.signal(number, on_signal) for number in _SIGNALS}
    try:
        yield stop
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _forward_to(child: int) -> Callable[[int, object], None]:
    return lambda number, frame: os.kill(child, number)


def _watch(read_end: int, stop: threading.Event) -> None:
    os.read(read_end, 1)  # returns when the other end is closed: nobody writes to it
    # Whoever read our output may be gone as well, and writing to nobody would be an error.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.dup2(nowhere, sys.stderr.fileno())
    stop.set()
