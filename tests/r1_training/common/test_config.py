from pathlib import Path

import pytest

from r1_training.clip.train import ClipTrainingConfig
from r1_training.common.config import TrainingConfig, TrainingConfigError, training_configs

SHIPPED = Path(__file__).resolve().parents[3] / "config" / "training"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("steps", 0),
        ("rooms", 0),
        ("sequence_length", 0),
        ("scan_views", -1),
        ("save_every", 0),
        ("log_every", 0),
        ("conversations", -1),
        ("workers", -2),
        ("warmup", -1),
        ("precision", "fp8"),
        ("steps", "many"),
        ("steps", 2.5),
        ("rooms", True),
        ("learning_rate", "1e-3"),
        ("compile", "yes"),
        ("scan_size", [48]),
        ("scan_size", [48, 0]),
        ("scan_size", 48),
        ("final_learning_rate", 1.0),
        ("final_learning_rate", -1e-6),
        ("init", 5),
        ("seed", -1),
        ("weight_decay", -0.1),
        ("weight_decay", float("nan")),
        ("dense_weight", -1),
        ("dense_weight", float("inf")),
        ("steps", 10**30),
    ],
)
def test_impossible_values_are_named(name, value):
    with pytest.raises(TrainingConfigError) as error:
        TrainingConfig(output="x", **{name: value})
    assert name in str(error.value) and str(value) in str(error.value)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("output: x\nstep: 3\nroom: 2", "unknown settings room, step"),
        ("steps: 3", "missing settings output"),
        ("output: x\n1: 2\nroom: 2", "unknown settings 1, room"),
        ("output: x\ninit: 5", "init must be str"),
        ("[", "cannot read"),
        ("output: x\nsteps: 3\nsteps: 4", "run.yaml:3: the key 'steps' comes twice"),
        ("output: ''", "output must not be an empty text"),
        ("output: caf\udce9", "cannot read"),
        ("- output", "holds no settings"),
        ("", "holds no settings"),
    ],
)
def test_bad_files_are_named(tmp_path, text, match):
    path = tmp_path / "run.yaml"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(TrainingConfigError, match=match) as error:
        TrainingConfig.load(path)
    assert str(path) in str(error.value) and "\n" not in str(error.value)


def test_the_home_of_the_user_is_found(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    path = tmp_path / "run.yaml"
    path.write_text("output: ~/runs")
    assert TrainingConfig.load(path).output == str(tmp_path / "runs")


def test_missing_file_is_named(tmp_path):
    with pytest.raises(TrainingConfigError, match="nowhere.yaml"):
        TrainingConfig.load(tmp_path / "nowhere.yaml")


def test_overrides_win_unless_they_are_none(tmp_path):
    path = tmp_path / "run.yaml"
    path.write_text("output: x\nsteps: 9\nworkers: 3\nscan_size: [48, 64]")
    config = TrainingConfig.load(path, steps=4, workers=None, init="y")
    assert (config.steps, config.workers, config.init) == (4, 3, "y")
    assert config.scan_size == (48, 64)


@pytest.mark.parametrize("name", ["r1-tiny-dense", "r1-tiny-sft"])
def test_the_shipped_configurations_are_valid(name):
    assert TrainingConfig.load(SHIPPED / f"{name}.yaml").steps > 0


def test_the_stage_of_view_selection_checks_the_same_way(tmp_path):
    with pytest.raises(TrainingConfigError, match="learning_rate must be float, not '1e-3'"):
        ClipTrainingConfig("model", "output", learning_rate="1e-3")
    with pytest.raises(TrainingConfigError, match="view_size"):
        ClipTrainingConfig("model", "output", view_size=[1, 2, 3])
    for name in ("learning_rate", "mesh_rooms", "seed"):
        with pytest.raises(TrainingConfigError, match=name):
            ClipTrainingConfig("model", "output", **{name: -1})


def test_settings_are_found_beside_the_package_and_where_colcon_puts_them(tmp_path):
    source = Path(__file__).resolve().parents[3] / "r1_training"
    assert training_configs(source) == SHIPPED
    installed = tmp_path / "lib" / "python3.12" / "site-packages" / "r1_training"
    installed.mkdir(parents=True)
    share = tmp_path / "share" / "r1_ros" / "config" / "training"
    assert training_configs(installed) == share


@pytest.mark.parametrize(
    ("changes", "what"), [({}, "needs distinct"), ({"distinct": 2, "meshes": "p.npz"}, "of meshes")]
)
def test_new_frames_are_of_a_limited_set_of_rooms_of_primitives(changes, what, tmp_path):
    with pytest.raises(TrainingConfigError, match=what):
        TrainingConfig(output=str(tmp_path), new_frames=True, **changes)
    assert TrainingConfig(output=str(tmp_path), new_frames=True, distinct=2).new_frames
