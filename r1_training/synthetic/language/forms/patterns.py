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
FEW = 6  # a pattern with fewer wordings is kept whole: each of them is a way to ask of its own


def expand(pattern: str) -> list[str]:
    """All wordings of a pattern."""
    parts = _CHOICE.split(pattern)
    choices = [part.split("|") if k % 2 else [part] for k, part in enumerate(parts)]
    return ["".join(words) for words in product(*choices)]


def plainest(pattern: str) -> str:
    """The first choice everywhere: what most people would say."""
    return expand(pattern)[0]


def held_out(form: str) -> bool:
    """Is this wording kept for the test split? The same on every machine."""
    return zlib.crc32(form.encode()) % HELD_OUT_ONE_IN == 0


class Forms:
    """The wordings of one question.

    Args:
        patterns: see the module; each is chosen equally often, whatever it expands to.

    Attributes:
        all: every wording.
        kept: those of the test split alone; never the `plainest`, which training must not miss.
    """

    def __init__(self, *patterns: str) -> None:
        groups = [expand(pattern) for pattern in patterns]
        self.all = sorted({form for group in groups for form in group})
        whole = {form for group in groups if len(group) < FEW for form in group}
        whole |= {plainest(pattern) for pattern in patterns}
        self.kept = frozenset(f for f in self.all if held_out(f) and f not in whole)
        self._train = [[form for form in group if form not in self.kept] for group in groups]
        self._test = [[form for form in group if form in self.kept] for group in groups]
        self._train, self._test = (
            [group for group in part if group] for part in (self._train, self._test)
        )

    def pick(self, rng: Random, split: str) -> str:
        """A wording; the test split sees those that training never does, where there are any."""
        groups = self._test if split == "test" and self._test else self._train
        return rng.choice(rng.choice(groups))


@cache
def slots(form: str) -> tuple[str, ...]:
    """Names of the slots of a wording."""
    return tuple(_SLOT.findall(form))
