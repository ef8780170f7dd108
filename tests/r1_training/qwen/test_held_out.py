"""No prepared scan of a held-out scene is read for training."""

from dataclasses import replace

import pytest

from r1_training.datasets.errors import SplitError
from r1_training.datasets.scannet.splits import scannet_val_scenes
from r1_training.qwen import data as full_size_data
from r1_training.qwen.data import Scene30KConversations, usable_samples
from tests.r1_training import annotation_fixture as fixture
from tests.r1_training.qwen.conftest import TRAINED

TEST_SCENES = [f"scene{space:04d}_00" for space in range(707, 807)]


def test_rows_of_prepared_but_held_out_scans_are_not_used(config, tmp_path, monkeypatch):
    # As if all scans were prepared: what keeps them out must be their split.
    monkeypatch.setattr(full_size_data, "is_prepared", lambda *_, **__: True)
    held_out = [*scannet_val_scenes(), *TEST_SCENES]
    rows = [fixture.scene30k_row(scene) for scene in [*held_out, TRAINED]]
    path = fixture.write_jsonl(tmp_path / "all.jsonl", rows)
    samples, report = usable_samples(replace(config, data=str(path)))
    assert [sample.scene_id for sample in samples] == [TRAINED]
    assert report.rows.other_split == len(held_out) == 412


def test_no_scan_of_a_held_out_scene_is_given(config):
    samples, _ = usable_samples(config)
    assert len(Scene30KConversations(config, samples, None)) == 6
    for scene in (*scannet_val_scenes(), *TEST_SCENES):
        leak = [*samples, replace(samples[0], scene_id=scene)]
        with pytest.raises(SplitError, match=f"{scene} is held out"):
            Scene30KConversations(config, leak, None)


def test_scenes_of_a_file_are_kept_out(config, tmp_path):
    path = tmp_path / "held-out.txt"
    path.write_text("scene0000_05\n")  # another scan of the trained space
    samples, report = usable_samples(replace(config, hold_out=str(path)))
    assert samples == [] and report.rows.held_out == 6
    samples, _ = usable_samples(config)
    with pytest.raises(SplitError, match=f"{TRAINED} is held out"):
        Scene30KConversations(replace(config, hold_out=str(path)), samples, None)
