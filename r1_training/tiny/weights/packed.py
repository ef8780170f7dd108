"""A model as it ships."""

from __future__ import annotations

import shutil
from pathlib import Path

import torch

from r1_model.network.modeling import R1ForConditionalGeneration
from r1_training.common.whole_files import written_whole

SHARD = "14MB"
STATE = ("optimizer*", "scheduler*", "rng_state*", "trainer_state*")  # of a checkpoint


def pack_weights(trained: Path, folder: Path) -> Path:
    """A finished model as it ships: bf16, in files small enough for a repository."""
    with written_whole(folder) as part:
        shutil.copytree(trained, part, ignore=shutil.ignore_patterns("model*", "*.bin", *STATE))
        model = R1ForConditionalGeneration.from_pretrained(trained, dtype=torch.bfloat16)
        model.save_pretrained(part, max_shard_size=SHARD)
    return folder
