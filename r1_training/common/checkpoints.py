"""Checkpoints of a run: which one to go on from, and what a fresh start must not find."""

from __future__ import annotations

import json
import logging
import re
import shutil
import zipfile
from pathlib import Path

from safetensors import SafetensorError, safe_open

from r1_training.common.config import TrainingConfigError

_CHECKPOINT = re.compile(r"checkpoint-(\d+)")
_STATE = "trainer_state.json"  # the trainer writes it last
_INDEX = "model.safetensors.index.json"
_NEEDED = {"optimizer.pt", "scheduler.pt"}
_RESULTS = ("final", "final.part")
_LOG = logging.getLogger(__name__)


def newest_checkpoint(output: Path, *, clean: bool = True) -> Path | None:
    """The newest whole checkpoint of a run, None where there is none.

    Args:
        output: the run's folder; need not exist.
        clean: remove the unfinished ones, which a kill leaves: the trainer would count them among
            those that it keeps. Of several processes only one should.
    """
    whole = None
    for folder in _checkpoints(output):
        if _is_whole(folder):
            whole = folder
        elif clean:
            _LOG.warning("%s is unfinished: removed", folder)
            shutil.rmtree(folder, ignore_errors=True)
    return whole


def start_anew(output: Path, model: Path | None = None) -> None:
    """Removes checkpoints and result of an earlier run, or a later resume would deliver its model.

    Args:
        output: the run's folder; need not exist.
        model: folder that the run starts from.

    Raises:
        TrainingConfigError: the model is among what would be removed, or something cannot be.
    """
    old = [*_checkpoints(output), *(output / name for name in _RESULTS)]
    for folder in old:
        if model is not None and model.resolve().is_relative_to(folder.resolve()):
            raise TrainingConfigError(
                f"a fresh start in {output} would remove the model it starts from, {model}: "
                "choose another output"
            )
    for folder in old:
        shutil.rmtree(folder, ignore_errors=True)
        if folder.exists():
            raise TrainingConfigError(f"a fresh start cannot remove {folder}")


def require_unused(output: Path) -> None:
    """For runs that are too dear to be removed by a forgotten option.

    Raises:
        TrainingConfigError: the folder holds checkpoints or the result of an earlier run.
    """
    results = [output / name for name in _RESULTS]
    used = [*_checkpoints(output), *(path for path in results if path.exists())]
    if used:
        raise TrainingConfigError(
            f"{output} holds {used[-1].name} of an earlier run: --resume goes on with it; for a "
            "fresh run choose another --output or remove it"
        )


def _checkpoints(output: Path) -> list[Path]:
    """By number of steps."""
    found = [(_CHECKPOINT.fullmatch(path.name), path) for path in output.glob("checkpoint-*")]
    return [path for match, path in sorted(found, key=_steps) if match and path.is_dir()]


def _steps(found: tuple[re.Match[str] | None, Path]) -> int:
    return int(found[0][1]) if found[0] else -1


def _is_whole(folder: Path) -> bool:
    """Whether everything that going on needs can be read to its end."""
    weights = list(folder.glob("*.safetensors"))
    states = [*folder.glob("*.pt"), *folder.glob("*.pth")]
    if not weights or not {path.name for path in states} >= _NEEDED:
        return False
    try:
        if not all(map(zipfile.is_zipfile, states)):  # the end of a cut file is missing
            return False
        if not isinstance(json.loads((folder / _STATE).read_bytes()), dict):
            return False
        if (folder / _INDEX).exists():
            shards = set(json.loads((folder / _INDEX).read_bytes())["weight_map"].values())
            if not shards <= {path.name for path in weights}:
                return False
        for path in weights:
            with safe_open(path, "pt"):  # refuses a file shorter than its header says
                pass
    except (OSError, ValueError, KeyError, SafetensorError):
        return False
    return True
