"""The paper's tables of a checkpoint: every command runs on synthetic scans."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from r1_training.cli import app
from r1_training.metrics.errors import EvaluationInputError
from r1_training.prediction.annotation_files import DataFolders
from r1_training.prediction.paper_tables import TABLES, fill_table
from r1_training.prepare.scannet_set import LABELS_NAME, find_scans, prepare_scannet
from r1_training.synthetic_scans.scan_set import ScanSettings, synthesize_scans


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> DataFolders:
    """Seven scans, two of them of the validation list, with three objects of Cap3D."""
    folder = tmp_path_factory.mktemp("tables")
    settings = ScanSettings(scans=7, frames=6, width=80, height=60, voxel=0.06, questions=2)
    synthesize_scans(folder, settings)
    raw = folder / "scannet"
    scans = [scan for scan in find_scans(raw) if scan.name in ("scene0011_00", "scene0015_00")]
    prepare_scannet(scans, folder / "prepared", raw / LABELS_NAME, workers=1, frames=4)
    for uid in ("one", "two"):
        (folder / "renders" / uid).mkdir(parents=True)
        Image.new("RGB", (40, 40), (200, 30, 30)).save(folder / "renders" / uid / "0.png")
        (folder / "objects").mkdir(exist_ok=True)
        np.save(folder / "objects" / f"{uid}.npy", np.random.default_rng(0).uniform(0, 1, (300, 6)))
    return DataFolders(folder / "annotations", folder / "prepared", raw / LABELS_NAME)


@pytest.mark.parametrize("number", [n for n in TABLES if n not in (4, 8)])
def test_every_table_is_filled(tmp_path, data, number):
    filled = fill_table(
        *(number, ["r1-tiny"], data, tmp_path), meteor=False, device="cpu", max_new_tokens=4
    )
    table = TABLES[number]
    assert len(filled.rows) == len(table.rows) and len(filled.paper) == len(table.paper)
    for row in filled.rows.values():
        lacking = {column.metric for column, v in zip(table.columns, row, strict=True) if v is None}
        assert lacking <= {"METEOR"}
    assert all(len(row) == len(table.columns) for row in filled.paper.values())
    written = json.loads((tmp_path / f"table-{number}.json").read_text())
    assert written["rows"] == filled.rows
    assert not [note for note in filled.notes if "missing" in note or "bad" in note]


def test_rows_are_of_their_switches(tmp_path, data):
    filled = fill_table(8, ["r1-tiny"], data, tmp_path, device="cpu", max_new_tokens=4)
    assert list(filled.rows) == [
        f"r1-tiny {name}" for name in ("all", "horizontal-6", "bottom-6", "selected-6")
    ]
    assert all(row[0] is None for row in filled.rows.values())
    assert filled.notes == ["Cap3D: left out, it needs --objects and --renders"]
    made = {path.parent.name: path for path in tmp_path.rglob("scanrefer.jsonl")}
    assert set(made) == {
        f"{name},tokens-4" for name in ("all", "horizontal-6", "bottom-6", "selected-6")
    }
    for name, path in made.items():
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        assert rows and {row["switches"] for row in rows} == {name}


def test_the_command_prints_ours_and_theirs(tmp_path, data):
    arguments = ["table", "6", "r1-tiny", "--out", str(tmp_path), "--device", "cpu"]
    arguments += ["--annotations", str(data.annotations), "--scannet", str(data.scannet)]
    arguments += ["--labels", str(data.labels), "--max-new-tokens", "4", "--no-meteor"]
    result = CliRunner().invoke(app, arguments, env={"COLUMNS": "200"})
    assert result.exit_code == 0, result.output
    assert "3D-R1 (paper)" in result.output and "68.80" in result.output
    result = CliRunner().invoke(app, ["table", "11", *arguments[2:]])
    assert result.exit_code == 2 and "not for 11" in result.output


def test_files_with_other_names_are_named(tmp_path, data):
    with pytest.raises(EvaluationInputError, match="annotations keep their official names"):
        fill_table(6, ["r1-tiny"], DataFolders(tmp_path, data.scannet), tmp_path, device="cpu")
