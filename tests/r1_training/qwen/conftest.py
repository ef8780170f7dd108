from pathlib import Path

import pytest

from r1_model.network.modeling import R1ForConditionalGeneration
from r1_training.prepare.scannet_set import find_scans, prepare_scannet
from r1_training.qwen.config import FullSizeConfig
from tests.r1_model.small import scene_tokenizer, seeded, small_config
from tests.r1_training import annotation_fixture as fixture
from tests.r1_training.scannet_fixture import write_labels, write_scan, write_sens

ROOT = Path(__file__).resolve().parents[3]
YAML = {
    stage: ROOT / "config" / "training" / f"qwen2.5-vl-7b-{stage}.yaml" for stage in ("sft", "grpo")
}
TRAINED, HELD_OUT, UNPREPARED = "scene0000_00", "scene0011_00", "scene0001_00"


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    """Scene-30K.jsonl and a prepared folder with frames."""
    folder = tmp_path_factory.mktemp("full-size")
    for scene in (TRAINED, HELD_OUT):
        scan = write_scan(folder / "raw", scene)
        write_sens(scan / f"{scene}.sens", frames=6, lost=(2,))
    labels = write_labels(folder / "labels.tsv")
    prepare_scannet(find_scans(folder / "raw"), folder / "prepared", labels, workers=1, frames=6)
    rows = [fixture.scene30k_row(TRAINED) | {"question": f"Where is sofa {n}?"} for n in range(6)]
    rows += [fixture.scene30k_row(HELD_OUT), fixture.scene30k_row(UNPREPARED), {"scene_id": 5}]
    fixture.write_jsonl(folder / "Scene-30K.jsonl", rows)
    return folder


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory):
    """A small random model with its tokenizer."""
    folder = tmp_path_factory.mktemp("model")
    tokenizer = scene_tokenizer()
    config = small_config(tokenizer)
    seeded(lambda: R1ForConditionalGeneration(config)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture
def config(data, model_folder, tmp_path):
    return FullSizeConfig(
        stage="sft",
        output=str(tmp_path / "run"),
        model=str(model_folder),
        data=str(data / "Scene-30K.jsonl"),
        scannet=str(data / "prepared"),
        batch_size=3,
        epochs=2,
        lora_blocks=2,
        views=2,
        workers=0,
        save_every=1,
        log_every=1,
    )
