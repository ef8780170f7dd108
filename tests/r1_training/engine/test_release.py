"""A release is what was made, loads as others load it, and says whose it is."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from datasets import load_dataset

from r1_training.datasets.scene30k import read_scene30k, read_scene_captions
from r1_training.engine.release import PUBLISHED, ReleaseError, release
from tests.r1_training.engine.engine_fixtures import records
from tests.r1_training.engine.kill_drill import write_inputs
from tests.r1_training.engine.test_synthesize_command import r1_synthesize


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    """A finished run on synthetic rooms."""
    out = tmp_path_factory.mktemp("run") / "out"
    result = r1_synthesize(out, "--rooms", 3, "--teacher", "rules", "--limit", 40)
    assert result.exit_code == 0, result.output
    return out


def test_it_loads_as_it_was_written(run, tmp_path):
    made = release(run, tmp_path / "released")
    kept = records(run, "Scene-30K.jsonl")
    assert made.rows == len(kept) and made.licence == "cc0-1.0"
    loaded = load_dataset(str(made.folder), split="train", cache_dir=str(tmp_path / "cache"))
    assert loaded.column_names == list(PUBLISHED)
    assert [loaded[n] for n in range(3)] == [{k: row[k] for k in PUBLISHED} for row in kept[:3]]
    # Our readers read it as they read the published file.
    path = made.folder / "Scene-30K.jsonl"
    assert len(list(read_scene30k(path, "train"))) == len(kept)
    assert list(read_scene_captions(made.folder / "scene_caption.json", "train"))


def test_it_says_whose_it_is(run, tmp_path):
    folder = release(run, tmp_path / "released", title="Rooms").folder
    provenance = records(folder, "provenance.jsonl")
    assert len(provenance) == len(records(folder, "Scene-30K.jsonl"))
    assert {row["source"] for row in provenance} == {"synthetic"}
    assert {row["teacher"] for row in provenance} == {"rules"}
    assert all("cot" not in row and "item" in row for row in provenance)
    card = (folder / "README.md").read_text()
    assert card.startswith("---\nlicense: cc0-1.0\n") and "pretty_name: Rooms" in card
    assert "| synthetic |" in card and "| rules |" in card and "2507.23478" in card
    assert "CC0" in (folder / "LICENSE").read_text()
    assert (folder / "statistics.png").read_bytes().startswith(b"\x89PNG")
    sums = dict(
        reversed(line.split("  ")) for line in (folder / "SHA256SUMS").read_text().splitlines()
    )
    assert set(sums) == {p.name for p in folder.iterdir()} - {"SHA256SUMS"}
    for name, value in sums.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == value


def test_the_command_releases_what_is_finished(tmp_path):
    questions, captions = write_inputs(tmp_path, 8)
    arguments = (tmp_path / "out", "--items", f"scanqa={questions}")
    arguments += ("--describe", f"captions={captions}", "--teacher", "rules")
    result = r1_synthesize(*arguments, "--release", tmp_path / "released")
    assert result.exit_code == 1 and "stand under their authors' terms" in result.output
    assert not (tmp_path / "released").exists()
    more = ("--release", tmp_path / "released", "--licence", "cc-by-nc-sa-4.0")
    result = r1_synthesize(*arguments, *more)
    assert result.exit_code == 0, result.output
    text = (tmp_path / "released" / "LICENSE").read_text()
    assert "cc-by-nc-sa-4.0" in text and "ScanNet (scan-net.org)" in text


def broken(run: Path, folder: Path, **changes: object) -> Path:
    """A copy of a run with something changed."""
    folder.mkdir()
    for path in run.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    if "outcome" in changes:
        report = json.loads((folder / "report.json").read_text())
        (folder / "report.json").write_text(json.dumps(report | changes))
    else:
        lines = (folder / "Scene-30K.jsonl").read_text().splitlines()
        lines[1] = json.dumps(json.loads(lines[1]) | changes)
        (folder / "Scene-30K.jsonl").write_text("\n".join(lines) + "\n")
    return folder


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"outcome": "interrupted"}, "not finished"),
        ({"scene_id": "scene0011_00"}, r"jsonl:2: scene0011_00 is a validation or test scene"),
        ({"scene_id": "synthetic_test_000001"}, "validation or test scene"),
        ({"scene_id": "scene9999_00"}, "has no scene"),
        ({"cot": None}, r"jsonl:2: `cot` must be text"),
        ({"source": "scanqa"}, "rows of scanqa stand under"),
    ],
)
def test_what_must_not_be_released_is_named(run, tmp_path, changes, message):
    with pytest.raises(ReleaseError, match=message):
        release(broken(run, tmp_path / "run", **changes), tmp_path / "released")
    assert not (tmp_path / "released").exists()
    with pytest.raises(ReleaseError, match="no report of a run"):
        release(tmp_path, tmp_path / "released")
