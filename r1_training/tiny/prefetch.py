"""Make the next batch ready while this one trains.

To observe a batch of rooms takes a GPU hundreds of small kernels and waits between them. In a
thread and a stream of its own that time disappears behind the step that runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Generic, TypeVar

import torch

Made = TypeVar("Made")
Ready = TypeVar("Ready")


class Prefetcher(Generic[Made, Ready]):
    """Applies a function to the batches of an iterator, on a GPU one batch ahead.

    Args:
        prepare: batch -> what a step needs, on the device; without gradients.
        device: of the training.
    """

    def __init__(self, prepare: Callable[[Made], Ready], device: torch.device) -> None:
        self.prepare, self.device = prepare, device
        self._source: Iterator[Made] | None = None
        self._pending: Future[tuple[Ready, torch.cuda.Event] | None] | None = None
        if device.type == "cuda":
            self._pool = ThreadPoolExecutor(1, thread_name_prefix="prefetch")
            self._stream = torch.cuda.Stream(device)

    def next(self, batches: Iterator[Made]) -> Ready | None:
        """The next batch, ready; None after the last one. What fails in the thread is raised here.

        Every call must go on with the same iterator, or with a new one from its start.
        """
        if self.device.type != "cuda":
            made = next(batches, None)
            return None if made is None else self._apply(made)
        if self._pending is None or self._source is not batches:
            self._source, self._pending = batches, self._start(batches)
        found = self._pending.result()
        if found is None:
            return None
        ready, done = found
        torch.cuda.current_stream(self.device).wait_event(done)
        self._pending = self._start(batches)
        return ready

    def wait(self) -> None:
        """Until the thread has made the next batch ready and does nothing more."""
        if self._pending is not None:
            wait([self._pending])

    def _apply(self, made: Made) -> Ready:
        with torch.no_grad():
            return self.prepare(made)

    def _start(self, batches: Iterator[Made]) -> Future[tuple[Ready, torch.cuda.Event] | None]:
        # Waiting for the steps so far makes it safe to reuse their batches' memory in this stream.
        self._stream.wait_stream(torch.cuda.current_stream(self.device))
        return self._pool.submit(self._ahead, batches)

    def _ahead(self, batches: Iterator[Made]) -> tuple[Ready, torch.cuda.Event] | None:
        with torch.cuda.device(self.device), torch.cuda.stream(self._stream):
            made = next(batches, None)
            if made is None:
                return None
            ready = self._apply(made)
            return ready, self._stream.record_event()
