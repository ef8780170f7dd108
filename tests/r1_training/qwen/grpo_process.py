"""One process of a GRPO run that a test kills: as the command runs it, with rewards that differ.

Answers are sampled from the question's number and the step alone, so that two processes see what
one sees; random weights give all of them the same reward, so theirs is made of their text.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from r1_training.grpo.sampling import Sampled
from r1_training.grpo.trainer import R1GRPOTrainer
from r1_training.qwen.config import FullSizeConfig
from r1_training.qwen.grpo import SceneQuestions, train_full_size_grpo
from r1_training.rewards.judge import Judged


def sample(self: R1GRPOTrainer, prompts: Any) -> Sampled:
    """Words that follow from question and step."""
    rows = []
    for row in range(len(prompts.ids) * self.run.group_size):
        asked = int(prompts.ids[row // self.run.group_size].sum())
        start = asked + 31 * (row % self.run.group_size) + self.state.global_step
        rows.append([60 + (start * 7 + n) % 100 for n in range(1 + start % 4)])
    return Sampled(rows, [True] * len(rows), [[0.0] * len(row) for row in rows])


def judge(self: object, prompts: Any, texts: Sequence[Sequence[str]]) -> list[list[Judged]]:
    """A number in [0, 1) made of each text."""
    worth = [[zlib.crc32(text.encode()) / 2**32 for text in group] for group in texts]
    return [[Judged(one, None, None, 0.0, "", "") for one in group] for group in worth]


def main(path: Path, resume: bool) -> None:
    """Run it."""
    torch.set_num_threads(1)
    R1GRPOTrainer._sample = sample  # type: ignore[method-assign,assignment]
    SceneQuestions.judge = judge  # type: ignore[method-assign,assignment]
    train_full_size_grpo(FullSizeConfig.load(path), resume)


if __name__ == "__main__":
    main(Path(sys.argv[1]), "--resume" in sys.argv)
