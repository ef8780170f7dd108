"""Wordings of questions: patterns with choices, expanded once, some kept back for the test split.

A pattern such as `[Find|Locate] {x}[.| please.]` stands for all its combinations.
"""

from __future__ import annotations

import re
import zlib
from functools import cache
from itertools import product
from random import Random

_CHOICE = re.compile(r"\[([^\]]*)\]")
_SLOT = re.compile(r"\{(\w+)\}")
HELD_OUT_ONE_IN = 10


def expand(pattern: str) -> list[str]:
    """All wordings of a pattern."""
    parts = _CHOICE.split(pattern)
    choices = [part.split("|") if k % 2 else [part] for k, part in enumerate(parts)]
    return ["".join(words) for words in product(*choices)]


def held_out(form: str) -> bool:
    """Is this wording kept for the test split? The same on every machine."""
    return zlib.crc32(form.encode()) % HELD_OUT_ONE_IN == 0


class Forms:
    """The wordings of one question.

    Args:
        patterns: see the module; each is chosen equally often, whatever it expands to.
    """

    def __init__(self, *patterns: str) -> None:
        groups = [expand(pattern) for pattern in patterns]
        self.all = sorted({form for group in groups for form in group})
        self._train = [[f for f in group if not held_out(f)] for group in groups]
        self._train = [group for group in self._train if group]
        self._test = [[f for f in group if held_out(f)] for group in groups]
        self._test = [group for group in self._test if group]

    def pick(self, rng: Random, split: str) -> str:
        """A wording; the test split sees those that training never does, where there are any."""
        groups = self._test if split == "test" and self._test else self._train
        return rng.choice(rng.choice(groups))


@cache
def slots(form: str) -> tuple[str, ...]:
    """Names of the slots of a wording."""
    return tuple(_SLOT.findall(form))
