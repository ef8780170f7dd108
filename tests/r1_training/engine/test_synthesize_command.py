"""`r1 synthesize` with the rule teacher, on the field's own files and on broken ones."""

from __future__ import annotations

import json
import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from r1_training.engine.cli import synthesize
from r1_training.engine.filters import parse_reply
from tests.r1_training import annotation_fixture as fixture
from tests.r1_training.engine.engine_fixtures import records
from tests.r1_training.engine.kill_drill import PROGRAM, REPOSITORY, environment, write_inputs

app = typer.Typer()
app.command()(synthesize)


def r1_synthesize(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_scanqa_with_captions(tmp_path: Path) -> None:
    questions, captions = write_inputs(tmp_path, 30)
    out = tmp_path / "out"
    arguments = (out, "--items", f"scanqa={questions}", "--describe", f"captions={captions}",
                 "--teacher", "rules")  # fmt: skip
    result = r1_synthesize(*arguments)
    assert result.exit_code == 0, result.output
    kept = records(out, "Scene-30K.jsonl")
    assert len(kept) == 30
    assert all(parse_reply(record["cot"]) for record in kept)
    assert kept[0]["teacher"] == "rules"
    assert json.loads((out / "statistics.json").read_text())["items"] == 30
    assert (out / "statistics.png").is_file()
    before = (out / "Scene-30K.jsonl").read_bytes()
    assert r1_synthesize(*arguments).exit_code == 0
    assert (out / "Scene-30K.jsonl").read_bytes() == before


def test_held_out_scenes_are_refused_by_default(tmp_path: Path, annotations: Path) -> None:
    llm = {
        name: annotations / f"3d_llm_{name}_val.head.json"
        for name in (
            "embodied_dialogue_filtered",
            "embodied_planning_filtered",
            "scene_description",
        )
    }
    arguments = (
        "--items", f"scanqa={annotations / 'ScanQA_v1.0_val.head.json'}",
        "--items", f"3dllm-dialogue={llm['embodied_dialogue_filtered']}",
        "--items", f"3dllm-planning={llm['embodied_planning_filtered']}",
        "--describe", f"3dllm={llm['scene_description']}",
        "--teacher", "rules",
    )  # fmt: skip
    assert r1_synthesize(tmp_path / "a", *arguments).exit_code == 0
    rejected = records(tmp_path / "a", "rejects.jsonl")
    scanqa = [record for record in rejected if record["source"] == "scanqa"]
    assert len(scanqa) == 40
    assert {record["reject_reason"] for record in scanqa} == {"held_out_scene"}
    kept = records(tmp_path / "a", "Scene-30K.jsonl")
    assert {record["task"] for record in kept} >= {"dialogue"}
    assert not any(record["scene_id"].startswith("scene0011") for record in kept)
    assert r1_synthesize(tmp_path / "b", *arguments, "--allow-held-out").exit_code == 0
    reasons = {record["reject_reason"] for record in records(tmp_path / "b", "rejects.jsonl")}
    assert "held_out_scene" not in reasons


@pytest.mark.parametrize("more", [(), ("--allow-held-out",)])
def test_scenes_of_a_file_are_refused_as_well(tmp_path: Path, more: tuple[str, ...]) -> None:
    questions, captions = write_inputs(tmp_path, 24)
    listed = tmp_path / "held-out.txt"
    listed.write_text("scene0003_01\n")  # another scan of the same space
    result = r1_synthesize(
        tmp_path / "out", "--items", f"scanqa={questions}", "--describe", f"captions={captions}",
        "--teacher", "rules", "--hold-out", listed, *more,
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    rejects = records(tmp_path / "out", "rejects.jsonl")
    assert [r["scene_id"] for r in rejects] == ["scene0003_00"] * 2
    assert {r["reject_reason"] for r in rejects} == {"held_out_scene"}


@pytest.mark.parametrize(
    "arguments, said",
    [
        ((), "no items"),
        (("--items", "scanqa"), "KIND=FILE"),
        (("--items", "squad=x.json"), "KIND=FILE"),
        (("--items", "scanqa=nowhere.json"), "not a file"),
        (("--items", "scanqa={empty}"), "empty.json"),
        (("--items", "scanqa={cut}"), "cut.json"),
        (("--items", "scanqa={binary}"), "binary.json"),
        (("--items", "scanqa={other}"), "other.json"),
        (("--items", "scanqa={good}", "--describe", "captions={binary}"), "binary.json"),
        (("--items", "scanqa={good}", "--describe", "3dllm={other}"), "other.json"),
        (("--items", "scanqa={good}", "--teacher", "gpt"), "gpt"),
        (("--items", "scanqa={good}", "--filters", "strict"), "strict"),
        (("--items", "scanqa={good}", "--config", "{binary}"), "binary.json"),
        (("--items", "scanqa={good}", "--teacher", "gemini"), "GOOGLE_API_KEY"),
        (("--items", "scanqa={good}", "--concurrency", "0"), "concurrency"),
        (("--items", "scanqa={good}", "--hold-out", "nowhere.txt"), "nowhere.txt"),
    ],
)
def test_bad_input_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], said: str
) -> None:
    monkeypatch.delenv("GOOGLE_API_KEY", raising=False)
    questions, _ = write_inputs(tmp_path, 3)
    files = {
        "empty": b"",
        "cut": questions.read_bytes()[:-40],
        "binary": b"\x93NUMPY\xff\xfe",
        "other": b'[{"a": 1}]',
    }
    for name, content in files.items():
        (tmp_path / f"{name}.json").write_bytes(content)
    paths = {name: tmp_path / f"{name}.json" for name in files} | {"good": questions}
    teacher = () if "--teacher" in arguments else ("--teacher", "rules")
    result = r1_synthesize(
        tmp_path / "out", *(argument.format(**paths) for argument in arguments), *teacher
    )
    assert result.exit_code == 1
    assert said in result.output
    assert "error: " in result.output
    assert "Traceback" not in result.output


def test_rows_that_cannot_be_read_are_counted(tmp_path: Path) -> None:
    questions, captions = write_inputs(tmp_path, 5)
    rows = json.loads(questions.read_text())
    rows[2]["question"] = ""
    rows[3] = ["what?"]
    questions.write_text(json.dumps(rows))
    result = r1_synthesize(tmp_path / "out", "--items", f"scanqa={questions}",
                           "--describe", f"captions={captions}", "--teacher", "rules")  # fmt: skip
    assert result.exit_code == 0
    assert "could not be read" in result.output
    assert len(records(tmp_path / "out", "Scene-30K.jsonl")) == 3


def test_referring_files_as_items_and_as_descriptions(tmp_path: Path) -> None:
    """ScanRefer, Nr3D's official CSV and its converted JSON; a bad row of the CSV counts once."""
    rows = [fixture.scanrefer_row(scene) for scene in (fixture.TRAIN, fixture.VAL)]
    scanrefer = fixture.write_json(tmp_path / "ScanRefer.json", rows)
    nr3d_json = fixture.write_json(tmp_path / "nr3d_train.json", rows[:1])
    nr3d_rows = [fixture.nr3d_row(scene) for scene in (fixture.TRAIN, fixture.VAL)]
    nr3d_csv = fixture.write_nr3d(
        tmp_path / "nr3d.csv", [*nr3d_rows, fixture.nr3d_row(fixture.TRAIN, stimulus_id="broken")]
    )
    out = tmp_path / "out"
    result = r1_synthesize(
        out, "--items", f"scanrefer={scanrefer}", "--items", f"nr3d={nr3d_json}",
        "--items", f"nr3d={nr3d_csv}", "--describe", f"scanrefer={scanrefer}",
        "--describe", f"nr3d={nr3d_csv}", "--teacher", "rules",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    kept, rejects = records(out, "Scene-30K.jsonl"), records(out, "rejects.jsonl")
    assert [(record["source"], record["task"]) for record in kept] == [
        ("scanrefer", "grounding"), ("nr3d", "grounding"), ("nr3d", "grounding")
    ]  # fmt: skip
    assert {record["scene_id"] for record in kept} == {fixture.TRAIN}
    assert [record["reject_reason"] for record in rejects] == ["held_out_scene"] * 2
    assert re.search(r"input rows that could not be read\s+│ 1\s", result.output)


def test_a_disk_that_is_really_full(tmp_path: Path) -> None:
    """The kernel refuses to let the journal grow (as on a full disk, with a short write first)."""
    questions, captions = write_inputs(tmp_path, 50)
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "out"), "--items",
               f"scanqa={questions}", "--describe", f"captions={captions}", "--teacher",
               "rules"]  # fmt: skip
    full = subprocess.run(
        command,
        env=environment(),
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)),
    )
    assert full.returncode == 1
    assert "cannot write" in full.stderr
    assert "Traceback" not in full.stderr
    result = r1_synthesize(*command[3:])
    assert result.exit_code == 0, result.output
    ids = [record["question_id"] for record in records(tmp_path / "out", "Scene-30K.jsonl")]
    assert ids == [f"train-{n}" for n in range(50)]
