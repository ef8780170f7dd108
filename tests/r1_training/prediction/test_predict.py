"""`r1 predict` with r1-tiny on synthetic rooms in ScanNet's layout, scored by `r1 evaluate`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner, Result

from r1_training.cli import app
from r1_training.datasets.scannet.class_labels import CLASS_BY_NYU40
from r1_training.datasets.scannet.prepared import PREPARED
from r1_training.synthetic.rooms.elements import Room
from r1_training.synthetic.rooms.room import make_room
from tests.r1_training import annotation_fixture as fixture
from tests.r1_training.prepared_rooms import write_prepared_room

SCENES = ("scene0011_00", "scene0050_00")  # of ScanNet's validation list


@pytest.fixture(scope="module")
def rooms() -> dict[str, Room]:
    return {scene: make_room(seed, "test") for seed, scene in enumerate(SCENES)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory, rooms: dict[str, Room]) -> Path:
    folder = tmp_path_factory.mktemp("predict")
    for scene, room in rooms.items():
        write_prepared_room(folder / "prepared", scene, room)
    rows = [f"{name}\t{number}\t{name}\n" for number, name in CLASS_BY_NYU40.items()]
    (folder / "labels.tsv").write_text("raw_category\tnyu40id\tnyu40class\n" + "".join(rows))
    return folder


def command(*arguments: object) -> Result:
    return CliRunner().invoke(
        app, [str(argument) for argument in arguments], env={"COLUMNS": "300"}
    )


@pytest.fixture(params=["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
def device(request) -> str:
    if request.param == "cuda" and not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    return request.param


def predict(folder: Path, out: Path, dataset: str, *more: object, device: str = "cpu") -> Result:
    scannet = ("--scannet", folder / "prepared", "--device", device)
    return command("predict", "r1-tiny", out, "--dataset", dataset, *scannet, *more)


def scores(out: Path, dataset: str, *more: object) -> dict:
    report = out.with_suffix(".report.json")
    result = command("evaluate", out, "--dataset", dataset, "--out", report, *more)
    assert result.exit_code == 0, result.output
    return json.loads(report.read_text())


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_questions_are_answered_and_scored(
    tmp_path: Path, folder: Path, rooms: dict[str, Room], device: str
) -> None:
    """Existence: what the model says must depend on the scene that it is asked about."""
    rows = []
    for scene, room in rooms.items():
        there = {item.category for item in room.objects}
        for number, name in enumerate(("bathtub", "bookshelf")):
            row = fixture.scanqa_row(scene, number)
            question = f"Is there a {name} in the room?"
            rows.append(row | {"question": question, "answers": ["yes" if name in there else "no"]})
    assert {row["answers"][0] for row in rows} == {"yes", "no"}
    path = fixture.write_json(tmp_path / "ScanQA_val.json", rows)
    out = tmp_path / "scanqa.jsonl"
    result = predict(folder, out, "scanqa", "--annotations", path, device=device)
    assert result.exit_code == 0, result.output
    said = {row["id"]: row["answer"].lower() for row in lines(out)}
    assert all(said[row["question_id"]].startswith(row["answers"][0]) for row in rows), said
    report = scores(out, "scanqa", "--annotations", path, "--protocol", "plain", "--no-meteor")
    assert report["samples"] == 4 and report["missing"] == report["unused"] == 0
    assert report["scores"]["overall"]["EM-R"] == 100


def test_questions_asked_together_are_answered_as_one_by_one(
    tmp_path: Path, folder: Path, monkeypatch
) -> None:
    rows = [
        fixture.scanqa_row(scene, number) | {"question": question}
        for scene in SCENES
        for number, question in enumerate(("Is there a sink?", "What is red?", "q" * 5_000))
    ]
    path = fixture.write_json(tmp_path / "ScanQA_val.json", rows)
    said = {}
    for most in (64, 1):
        monkeypatch.setattr("r1_training.prediction.predict.AT_A_TIME", most)
        out = tmp_path / f"{most}.jsonl"
        result = predict(folder, out, "scanqa", "--annotations", path, "--max-new-tokens", 30)
        # The one that is too long does not cost the others.
        assert result.exit_code == 1 and "2 predictions are missing" in result.output
        assert "has 5000 characters" in result.output
        said[most] = {row["id"]: row["raw"] for row in lines(out)}
    assert len(said[1]) == 4 and said[64] == said[1]


def test_detection_and_dense_captions(
    tmp_path: Path, folder: Path, rooms: dict[str, Room], device: str
) -> None:
    out = tmp_path / "detection.jsonl"
    result = predict(folder, out, "detection", "--labels", folder / "labels.tsv", device=device)
    assert result.exit_code == 0, result.output
    report = scores(out, "detection", "--scannet", folder / "prepared")
    assert report["scores"]["overall"]["mAP@0.25"] > 50
    rows = [
        fixture.scanrefer_row(scene, item.id, item.category)
        for scene, room in rooms.items()
        for item in room.objects
    ]
    path = fixture.write_json(tmp_path / "ScanRefer_filtered_val.json", rows)
    out = tmp_path / "captions.jsonl"
    result = predict(folder, out, "scan2cap", "--annotations", path, device=device)
    assert result.exit_code == 0, result.output
    more = ("--annotations", path, "--scannet", folder / "prepared", "--no-meteor")
    assert scores(out, "scan2cap", *more)["scores"]["@0.25IoU"]["found"] > 30


@pytest.mark.parametrize("captions", ["given", "detected"])
def test_objects_are_captioned_one_after_the_other(
    tmp_path: Path, folder: Path, rooms: dict[str, Room], captions: str
) -> None:
    scene, room = next(iter(rooms.items()))
    described = [item for item in room.objects if min(item.size) > 0.1][:4]
    rows = [fixture.scanrefer_row(scene, item.id, item.category) for item in described]
    path = fixture.write_json(tmp_path / "ScanRefer_filtered_val.json", rows)
    out = tmp_path / "captions.jsonl"
    result = predict(folder, out, "scan2cap", "--annotations", path, "--captions", captions)
    assert result.exit_code == 0, result.output
    (row,) = lines(out)
    assert row["switches"] == f"captions-{captions}"
    assert len(row["captions"]) == len(row["boxes"]) == len(row["scores"])
    assert len(set(row["captions"])) > 1  # of the box, not of the scene
    more = ("--annotations", path, "--scannet", folder / "prepared", "--no-meteor")
    found = scores(out, "scan2cap", *more)["scores"]["@0.5IoU"]["found"]
    assert found == 100 if captions == "given" else found > 0
    result = predict(folder, out, "scan2cap", "--annotations", path)
    assert result.exit_code == 2 and "was made with 'captions-" in result.output


def test_grounding_situations_and_dialogues(
    tmp_path: Path, folder: Path, rooms: dict[str, Room]
) -> None:
    scene = SCENES[1]
    (bathtub,) = [item for item in rooms[scene].objects if item.category == "bathtub"]
    row = fixture.scanrefer_row(scene, bathtub.id, "bathtub") | {"description": "the bathtub"}
    path = fixture.write_json(tmp_path / "r.json", [row])
    out = tmp_path / "scanrefer.jsonl"
    assert predict(folder, out, "scanrefer", "--annotations", path).exit_code == 0
    more = ("--annotations", path, "--scannet", folder / "prepared")
    assert scores(out, "scanrefer", *more)["scores"]["overall"]["Acc@0.25"] == 100

    questions, annotations = fixture.write_sqa3d(tmp_path, [scene])
    files = ("--questions", questions, "--annotations", annotations)
    out = tmp_path / "sqa3d.jsonl"
    assert predict(folder, out, "sqa3d", *files).exit_code == 0
    assert scores(out, "sqa3d", *files, "--no-meteor")["samples"] == 1

    dialogue = fixture.write_json(tmp_path / "d.json", [fixture.threedllm_row(scene)])
    out = tmp_path / "dialogue.jsonl"
    assert predict(folder, out, "3dllm-dialogue", "--annotations", dialogue).exit_code == 0
    report = scores(out, "3dllm-dialogue", "--annotations", dialogue, "--no-meteor")
    assert report["missing"] == 0

    episodes = [fixture.openeqa_row(f"scannet-v0/002-scannet-{scene}")]
    path = fixture.write_json(tmp_path / "open-eqa.json", episodes)
    out = tmp_path / "openeqa.jsonl"
    more = ("--annotations", path, "--split", "test")
    assert predict(folder, out, "openeqa", *more).exit_code == 0
    assert len(lines(out)) == 1


def test_it_goes_on_after_a_kill_and_says_what_is_missing(tmp_path: Path, folder: Path) -> None:
    rows = [fixture.scanqa_row(SCENES[0], n) for n in range(2)]
    rows += [fixture.scanqa_row("scene0063_00", 7), fixture.scanqa_row("scene0064_00", 8)]
    path = fixture.write_json(tmp_path / "ScanQA_val.json", rows)
    for name in PREPARED:  # a scene whose files are empty does not cost the others
        (folder / "prepared" / f"scene0064_00_{name}.npy").touch()
    out = tmp_path / "p.jsonl"
    earlier = {"id": rows[0]["question_id"], "model": "r1-tiny", "answer": "from before"}
    out.write_text(json.dumps(earlier) + '\n{"id": "torn')
    result = predict(folder, out, "scanqa", "--annotations", path)
    assert result.exit_code == 1
    assert "1 predictions, 1 from before" in result.output
    assert "scene0063_00 is not prepared: 1 left out" in result.output
    assert "scene0064_00_aligned_vert.npy: not an array file" in result.output
    for name in PREPARED:
        (folder / "prepared" / f"scene0064_00_{name}.npy").unlink()
    assert [row["id"] for row in lines(out)] == [row["question_id"] for row in rows[:2]]
    assert lines(out)[0] == earlier and lines(out)[1]["dataset"] == "scanqa"


@pytest.mark.parametrize(
    ("name", "dataset", "more", "message"),
    [
        ("p.json", "scanqa", (), "must end in .jsonl"),
        ("p.jsonl", "cap3d", (), "cap3d needs --objects"),
        ("p.jsonl", "detection", (), "needs --labels"),
        ("p.jsonl", "sqa3d", (), "needs --questions"),
        ("old.jsonl", "scanqa", (), "is of the model 'other', not of 'r1-tiny'"),
        ("broken.jsonl", "scanqa", (), "broken.jsonl:1: not JSON"),
        ("other.jsonl", "scanqa", (), "is of the data set 'scan2cap', not of 'scanqa'"),
        ("nameless.jsonl", "scanqa", (), "nameless.jsonl:1: `id` must be text, got None"),
    ],
)
def test_what_cannot_start_says_why(
    tmp_path: Path, folder: Path, name: str, dataset: str, more: tuple, message: str
) -> None:
    path = fixture.write_json(tmp_path / "a.json", [fixture.scanqa_row(SCENES[0])])
    fixture.write_jsonl(tmp_path / "old.jsonl", [{"id": "a", "model": "other"}])
    (tmp_path / "broken.jsonl").write_text("{\n")
    ours = {"id": "a", "model": "r1-tiny", "dataset": "scan2cap"}
    fixture.write_jsonl(tmp_path / "other.jsonl", [ours])
    fixture.write_jsonl(tmp_path / "nameless.jsonl", [{"model": "r1-tiny"}])
    result = predict(folder, tmp_path / name, dataset, "--annotations", path, *more)
    assert result.exit_code == 2
    assert message in result.output


def test_two_questions_of_one_id_are_refused(tmp_path: Path, folder: Path) -> None:
    rows = [fixture.scanqa_row(SCENES[0]), fixture.scanqa_row(SCENES[0]) | {"question": "And?"}]
    path = fixture.write_json(tmp_path / "ScanQA_val.json", rows)
    result = predict(folder, tmp_path / "p.jsonl", "scanqa", "--annotations", path)
    assert result.exit_code == 2 and "is of two samples" in result.output
