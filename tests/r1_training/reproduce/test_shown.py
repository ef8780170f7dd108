"""What a model is asked that is shown something else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from r1_training.reproduce import shown
from r1_training.reproduce.config import ReproduceConfig, ShownConfig
from r1_training.reproduce.shown import evaluate_shown
from r1_training.synthetic.room_mix import RoomMix
from tests.r1_training.reproduce.test_reproduce import settings
from tests.r1_training.synthetic.household.packs import small_pack


@pytest.fixture
def config(tmp_path) -> ReproduceConfig:
    return settings(tmp_path, tmp_path, meshes="pack.npz", rooms=2)


def test_about_prints_only_what_is_read_is_asked(config, tmp_path, monkeypatch):
    """Of questions about rooms of meshes, those that need a print that can be read."""
    pack, asked, made = small_pack(tmp_path), [], []
    monkeypatch.setattr(RoomMix, "load", classmethod(lambda cls, path: cls(pack)))
    own = shown.samples_about

    def some(*given):
        made.append(own(*given))
        # any two of them stand for those that read
        samples = [_reading(sample, row < 2) for row, sample in enumerate(made[-1])]
        return samples

    def answered(reasoner, pending):
        asked.extend(pending)
        return []

    monkeypatch.setattr(shown, "samples_about", some)
    monkeypatch.setattr(shown, "ask_all", answered)
    evaluate_shown("r1-tiny", ShownConfig("sft", "even", 6, prints=True), config)
    assert len(made) == 2 and all(len(samples) > 2 for samples in made)
    assert len(asked) == 4 and all(sample.reads for _, sample in asked)
    assert all(place.room.meshes is not None for place, _ in asked)


def _reading(sample, reads: bool):
    return replace(sample, reads=(1,) if reads else ())
