"""A run's language model as the mean of its end and of one of its checkpoints.

What sees stays as it was at the end. The mean of two states of one run is often steadier than
either ("model soups", arXiv 2203.05482); of what sees it is not, for prints are learned late.

python -m r1_training.tiny.weights.averaged FINISHED CHECKPOINT OUTPUT [--share 0.6]
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import torch

from r1_model.errors import InvalidConfigError
from r1_model.network.modeling import R1ForConditionalGeneration
from r1_training.common.whole_files import written_whole
from r1_training.tiny.weights.packed import SHARD

LANGUAGE = ("model.language_model.", "lm_head.")


def average_language(finished: Path, checkpoint: Path, output: Path, share: float) -> Path:
    """`finished` with the mean of two language models, written to `output` in bf16.

    Args:
        finished: folder of a trained model; all else of it is kept, tokenizer and view selection
            included.
        checkpoint: folder of an earlier state of the same run.
        output: made.
        share: of `finished`, in [0, 1].

    Raises:
        InvalidConfigError: a share out of range, or models of other words or widths.
    """
    if not 0 <= share <= 1:
        raise InvalidConfigError(f"share must be in [0, 1], not {share}")
    model, other = (
        R1ForConditionalGeneration.from_pretrained(folder, dtype=torch.float32)
        for folder in (finished, checkpoint)
    )
    earlier = dict(other.named_parameters())
    for name, weight in model.named_parameters():  # the embeddings, which are the head's too, once
        if not name.startswith(LANGUAGE):
            continue
        if name not in earlier or earlier[name].shape != weight.shape:
            raise InvalidConfigError(f"{checkpoint} is no state of the run of {finished}: {name}")
        weight.data.lerp_(earlier[name].data, 1 - share)
    with written_whole(output) as part:
        shutil.copytree(finished, part, ignore=shutil.ignore_patterns("model*"))
        model.bfloat16()
        model.save_pretrained(part, max_shard_size=SHARD)
        shutil.copy(finished / "config.json", part)  # the saved one says float32 of its parts
    return output


def main() -> None:
    """From the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("finished", type=Path)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--share", type=float, default=0.6, help="of the finished one")
    options = parser.parse_args()
    print(average_language(options.finished, options.checkpoint, options.output, options.share))


if __name__ == "__main__":
    main()
