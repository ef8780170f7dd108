"""Scene descriptions by r1-tiny, of synthetic rooms in the layout of prepared scans."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from r1_model.reasoner import Reasoner
from r1_model.text.answer import Box
from r1_training.cli import app
from r1_training.common.resumable_lines import ResumeError
from r1_training.engine.descriptions import read_scene_captions
from r1_training.prepare.scannet_set import PrepareError
from r1_training.prepare.scene_captions import describe_scans, description_of_boxes
from r1_training.synthetic.rooms.elements import Room
from r1_training.synthetic.rooms.room import make_room
from tests.r1_training import annotation_fixture as fixture
from tests.r1_training.prepared_rooms import write_prepared_room

SCENES = ("scene0000_00", "scene0001_00")


@pytest.fixture(scope="module")
def rooms() -> dict[str, Room]:
    return {scene: make_room(seed, "test") for seed, scene in enumerate(SCENES)}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory, rooms: dict[str, Room]) -> Path:
    folder = tmp_path_factory.mktemp("rooms") / "prepared"
    for scene, room in rooms.items():
        write_prepared_room(folder, scene, room)
    return folder


@pytest.fixture(scope="module")
def tiny() -> Reasoner:
    return Reasoner.from_pretrained("r1-tiny", device="cpu")


def test_the_model_describes_what_is_there(
    tmp_path: Path, prepared: Path, rooms: dict[str, Room], tiny: Reasoner
) -> None:
    out = tmp_path / "scene_caption.json"
    assert describe_scans(prepared, out, tiny, "r1-tiny") == {}
    captions = read_scene_captions(out)
    assert set(captions) == set(SCENES)
    named = []
    for scene, room in rooms.items():
        said = [line.split(" at (")[0].removeprefix("- ") for line in captions[scene].splitlines()]
        there = {item.category.replace("_", " ") for item in room.objects}
        assert len(said) >= 5
        named += [name in there for name in said]
    assert sum(named) >= 0.8 * len(named)
    # The file goes straight into the engine.
    items = fixture.write_json(
        tmp_path / "ScanQA.json", [fixture.scanqa_row(scene) for scene in SCENES]
    )
    arguments = ["synthesize", tmp_path / "engine", "--items", f"scanqa={items}"]
    arguments += ["--describe", f"captions={out}", "--teacher", "rules"]
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    kept = [json.loads(line) for line in (tmp_path / "engine" / "Scene-30K.jsonl").open()]
    assert {record["scene_id"] for record in kept} == set(SCENES)
    assert all(" at (" in record["cot"] for record in kept)


class Killed(BaseException):
    """Stands for SIGKILL: nothing may catch it."""


def test_a_killed_run_continues(tmp_path: Path, prepared: Path, tiny: Reasoner) -> None:
    whole, killed = tmp_path / "whole.json", tmp_path / "killed.json"
    describe_scans(prepared, whole, tiny, "r1-tiny")

    def die(scene_id: str, problem: str) -> None:
        raise Killed

    with pytest.raises(Killed):
        describe_scans(prepared, killed, tiny, "r1-tiny", on_scan=die)
    assert not killed.exists()
    with killed.with_suffix(".jsonl").open("ab") as file:
        file.write(b'{"scene_id": "scene0001_00", "cap')  # a line that the kill cut off
    asked: list[str] = []

    class Counting:
        name, trained = tiny.name, True

        def ask(self, scene, question, **options):
            asked.append(question)
            return tiny.ask(scene, question, **options)

    describe_scans(prepared, killed, Counting(), "r1-tiny")
    assert len(asked) == 1
    assert killed.read_text() == whole.read_text()
    with pytest.raises(PrepareError, match="is of the model 'r1-tiny', not of 'other'"):
        describe_scans(prepared, killed, tiny, "other")
    killed.with_suffix(".jsonl").write_text("{\n")
    with pytest.raises(ResumeError, match="killed.jsonl:1: not JSON"):
        describe_scans(prepared, killed, tiny, "r1-tiny")


def test_problems_are_listed_and_the_rest_is_described(
    tmp_path: Path, rooms: dict[str, Room]
) -> None:
    folder = tmp_path / "prepared"
    write_prepared_room(folder, SCENES[0], rooms[SCENES[0]])
    np.save(folder / f"{SCENES[1]}_aligned_vert.npy", np.zeros((3, 4)))
    out = tmp_path / "captions.json"
    arguments = ["prepare", "descriptions", str(folder), "--out", str(out), "--device", "cpu"]
    result = CliRunner().invoke(app, arguments, env={"COLUMNS": "300"})
    assert result.exit_code == 1
    assert f"problem: {SCENES[1]}" in result.output and "shape" in result.output
    assert set(read_scene_captions(out)) == {SCENES[0]}


def test_an_untrained_model_is_refused(tmp_path: Path, prepared: Path) -> None:
    class Untrained:
        name, trained = "random", False

    with pytest.raises(PrepareError, match="random is not trained"):
        describe_scans(prepared, tmp_path / "c.json", Untrained(), "random")


def test_nothing_prepared_is_an_error(tmp_path: Path) -> None:
    arguments = ["prepare", "descriptions", str(tmp_path), "--out", str(tmp_path / "c.json")]
    result = CliRunner().invoke(app, arguments, env={"COLUMNS": "300"})
    assert result.exit_code == 2
    assert "holds no scan" in result.output


def test_a_line_for_each_object_and_none_twice() -> None:
    box = Box(np.array([1.0, 2.0, 0.5]), np.array([0.4, 0.5, 0.9]), "chair", "A brown chair.")
    assert description_of_boxes([box, box]) == (
        "- chair at (1.00, 2.00, 0.50) m, 0.40 x 0.50 x 0.90 m: A brown chair."
    )
