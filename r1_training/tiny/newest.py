"""The newest weights of a run of `r1 train tiny`, as they ship: what is safe if the machine goes.

python -m r1_training.tiny.newest OUTPUT PACKED
"""

from __future__ import annotations

import sys
from pathlib import Path

from r1_training.common.checkpoints import newest_checkpoint
from r1_training.tiny.recipe import STAGES
from r1_training.tiny.weights.packed import pack_weights


def newest_weights(output: Path) -> Path | None:
    """The folder of the furthest model of a run: finished, or a stage's end or last checkpoint.

    Args:
        output: folder of all stages; training may still be under way there.
    """
    if (output / "r1-tiny").is_dir():
        return output / "r1-tiny"
    for stage in reversed(STAGES):
        if (output / stage / "final").is_dir():
            return output / stage / "final"
        checkpoint = newest_checkpoint(output / stage, clean=False)
        if checkpoint is not None:
            return checkpoint
    return None


def pack_newest(output: Path, packed: Path) -> Path | None:
    """`newest_weights` in `packed`/r1-tiny, in place of what was there; None before the first."""
    newest = newest_weights(output)
    if newest is None:
        return None
    return pack_weights(newest, packed / "r1-tiny")


if __name__ == "__main__":
    print(pack_newest(*map(Path, sys.argv[1:3])))
