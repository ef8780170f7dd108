"""Training on rooms of meshes: its batches, its settings, a few steps for real."""

import numpy as np
import pytest
from transformers import AutoTokenizer

from r1_model.network.config import R1Config
from r1_model.network.modeling import R1ForConditionalGeneration
from r1_training.common.config import TrainingConfigError
from r1_training.synthetic.household.pack import MeshPackError
from r1_training.tiny.batches import BatchBuilder
from r1_training.tiny.sft import train
from tests.r1_training.synthetic.household.packs import small_pack
from tests.r1_training.tiny_model import small_run


@pytest.fixture(scope="module")
def pack_path(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pack")
    small_pack(folder)
    return folder / "meshes.npz"


def builder(room_model, tmp_path, **changes):
    words = AutoTokenizer.from_pretrained(room_model)
    return BatchBuilder(small_run(tmp_path, **changes), words, R1Config.from_pretrained(room_model))


def test_a_batch_of_rooms_of_meshes_is_the_same_every_time(room_model, pack_path, tmp_path):
    make = builder(room_model, tmp_path, meshes=str(pack_path))
    first, again = make([{"batch": 3}]), make([{"batch": 3}])
    assert first["rooms"].instances is not None
    assert np.array_equal(first["rooms"].instances, again["rooms"].instances, equal_nan=True)


def test_a_share_of_the_rooms_is_of_meshes(room_model, pack_path, tmp_path):
    make = builder(room_model, tmp_path, meshes=str(pack_path), mesh_rooms=0.5)
    kinds = [make.mix.room(seed, "train").meshes is not None for seed in range(24)]
    assert 5 < sum(kinds) < 19
    assert kinds == [make.mix.room(seed, "train").meshes is not None for seed in range(24)]


def test_without_a_pack_rooms_are_made_as_before(room_model, tmp_path):
    assert builder(room_model, tmp_path)([{"batch": 0}])["rooms"].instances is None


def test_impossible_settings_are_refused(room_model, pack_path, tmp_path):
    with pytest.raises(TrainingConfigError, match=r"mesh_rooms.*1\.5"):
        small_run(tmp_path, mesh_rooms=1.5)
    with pytest.raises(MeshPackError, match=r"none\.npz"):
        builder(room_model, tmp_path, meshes=str(tmp_path / "none.npz"))


def test_a_model_of_fewer_categories_is_refused(room_model, pack_path, tmp_path):
    model = R1ForConditionalGeneration.from_pretrained(room_model)
    model.config.scene_config.categories = model.config.scene_config.categories[:66]
    folder = tmp_path / "old"
    config = R1Config.from_pretrained(room_model)
    config.scene_config.categories = config.scene_config.categories[:66]
    R1ForConditionalGeneration(config).save_pretrained(folder)
    AutoTokenizer.from_pretrained(room_model).save_pretrained(folder)
    with pytest.raises(TrainingConfigError, match="66 categories"):
        train(str(folder), small_run(tmp_path / "run", meshes=str(pack_path)))


def test_a_model_learns_from_rooms_of_meshes(room_model, pack_path, tmp_path):
    final = train(str(room_model), small_run(tmp_path, steps=2, meshes=str(pack_path)))
    assert (final / "model.safetensors").is_file()
