"""Which checkpoint a run goes on from, and what a fresh start leaves of an earlier run."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from r1_training.common.checkpoints import newest_checkpoint, require_unused, start_anew
from r1_training.common.config import TrainingConfigError


def write(output: Path, step: int) -> Path:
    """A checkpoint as the trainer writes it."""
    folder = output / f"checkpoint-{step}"
    folder.mkdir(parents=True)
    save_file({"weight": torch.ones(100)}, folder / "model.safetensors")
    for name in ("optimizer.pt", "scheduler.pt", "rng_state.pth"):
        torch.save({"state": torch.ones(100)}, folder / name)
    (folder / "trainer_state.json").write_text('{"global_step": 1}')
    return folder


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-60])


def break_index(folder: Path) -> None:
    index = '{"weight_map": {"weight": "model-00002-of-00002.safetensors"}}'
    (folder / "model.safetensors.index.json").write_text(index)


DAMAGE = {
    "nothing but weights": lambda f: [p.unlink() for p in f.iterdir() if p.suffix[1] != "s"],
    "no state": lambda folder: (folder / "trainer_state.json").unlink(),
    "half a state": lambda folder: (folder / "trainer_state.json").write_text('{"global'),
    "no optimizer": lambda folder: (folder / "optimizer.pt").unlink(),
    "half an optimizer": lambda folder: cut(folder / "optimizer.pt"),
    "no scheduler": lambda folder: (folder / "scheduler.pt").unlink(),
    "half a random state": lambda folder: cut(folder / "rng_state.pth"),
    "no weights": lambda folder: (folder / "model.safetensors").unlink(),
    "half the weights": lambda folder: cut(folder / "model.safetensors"),
    "a shard is missing": break_index,
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_an_unfinished_checkpoint_is_passed_over_and_removed(tmp_path: Path, damage: str) -> None:
    whole, newer = write(tmp_path, 9), write(tmp_path, 10)
    DAMAGE[damage](newer)
    assert newest_checkpoint(tmp_path, clean=False) == whole and newer.is_dir()
    assert newest_checkpoint(tmp_path) == whole and not newer.exists()


def test_the_newest_is_the_one_of_most_steps(tmp_path: Path) -> None:
    assert newest_checkpoint(tmp_path / "none") is None
    (tmp_path / "checkpoint-old").mkdir()
    for step in (900, 1000, 20):
        write(tmp_path, step)
    assert newest_checkpoint(tmp_path) == tmp_path / "checkpoint-1000"
    assert len(list(tmp_path.glob("checkpoint-*"))) == 4


def test_a_fresh_start_leaves_nothing_that_a_resume_would_deliver(tmp_path: Path) -> None:
    start_anew(tmp_path / "none")
    write(tmp_path, 5)
    for name in ("final", "final.part", "start", "runs"):
        (tmp_path / name).mkdir()
    with pytest.raises(TrainingConfigError, match="would remove the model it starts from"):
        start_anew(tmp_path, tmp_path / "final")
    start_anew(tmp_path, tmp_path / "start")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["runs", "start"]
    assert newest_checkpoint(tmp_path) is None


def test_a_dear_run_is_not_started_over_another(tmp_path: Path) -> None:
    require_unused(tmp_path)
    (tmp_path / "final").mkdir()
    with pytest.raises(TrainingConfigError, match=r"holds final of an earlier run: --resume"):
        require_unused(tmp_path)
