"""Processes that `torchrun` started together: who does what, and how the results come together."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import torch
from torch import distributed

Item = TypeVar("Item")
PATIENCE = timedelta(hours=12)  # some processes are done earlier than others


@dataclass(frozen=True)
class Processes:
    """One of `count` processes on one machine or several.

    Attributes:
        rank: its number among all.
        count: how many there are.
        local_rank: its number on its machine.
    """

    rank: int = 0
    count: int = 1
    local_rank: int = 0

    @classmethod
    def from_environment(cls) -> Processes:
        """As `torchrun` says it; without it there is one."""
        rank, count, local = (
            int(os.environ.get(name, default))
            for name, default in (("RANK", 0), ("WORLD_SIZE", 1), ("LOCAL_RANK", 0))
        )
        return cls(rank, count, local)

    @property
    def first(self) -> bool:
        """This one speaks and writes for all."""
        return self.rank == 0

    def take_gpu(self) -> None:
        """Make the GPU of this process the current one; processes may outnumber GPUs."""
        if torch.cuda.is_available():
            torch.cuda.set_device(self.local_rank % torch.cuda.device_count())

    def share(self, items: Sequence[Item]) -> list[Item]:
        """This process's part of what is to be done."""
        return [*items[self.rank :: self.count]]

    def gather(self, value: Any) -> list[Any]:
        """The values of all processes, by rank, in the first; nothing in the others.

        Args:
            value: what can be pickled. Every process must come here.
        """
        if self.count == 1:
            return [value]
        self._join()
        found: list[Any] | None = [None] * self.count if self.first else None
        distributed.gather_object(value, found)
        return found or []

    def wait(self) -> None:
        """Until all processes have come here."""
        if self.count > 1:
            self._join()
            distributed.barrier()

    def close(self) -> None:
        """Let go of the others; an interpreter that ends with them held may abort."""
        if distributed.is_initialized():
            distributed.destroy_process_group()

    def _join(self) -> None:
        if not distributed.is_initialized():
            distributed.init_process_group("gloo", timeout=PATIENCE)
