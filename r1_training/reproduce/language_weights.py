"""A stage's language model alone, in bf16: small enough to carry from machine to machine.

The scene branch is frozen in every stage, so with the model that the stages begin with this is all
of a stage's result.
"""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from r1_model.network.modeling import R1ForConditionalGeneration
from r1_training.common.whole_files import written_whole


def save_language(model: Path, file: Path) -> None:
    """Write the language model of a model folder."""
    weights = R1ForConditionalGeneration.from_pretrained(model, dtype=torch.bfloat16)
    with written_whole(file) as part:
        save_file(dict(weights.model.language_model.state_dict()), part)


def load_language(start: Path, file: Path, folder: Path) -> None:
    """Put a language model into the model that all stages begin with.

    Args:
        start: folder of that model.
        file: from `save_language`.
        folder: of the result.
    """
    model = R1ForConditionalGeneration.from_pretrained(start, dtype=torch.float32)
    model.model.language_model.load_state_dict(load_file(file))
    model.tie_weights()
    with written_whole(folder) as part:
        model.save_pretrained(part)
