"""Outputs that cannot be written are told before the work that makes them."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from r1_training.cli import app
from r1_training.common.writable import OutputError, require_file, require_folder
from tests.r1_training.scannet_fixture import write_labels, write_scan


def test_what_can_be_written_stays_as_it_is(tmp_path: Path) -> None:
    require_folder(tmp_path / "a" / "b")
    require_file(tmp_path / "a" / "b.json")
    require_file(Path("b.json"))
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "c.json").write_text("old")
    require_file(tmp_path / "c.json")
    assert (tmp_path / "c.json").read_text() == "old"


@pytest.mark.parametrize("place", ["/proc/x", "FILE/x", "FILE/x/y"])
def test_folders_that_cannot_be_made_are_named(tmp_path: Path, place: str) -> None:
    (tmp_path / "FILE").write_text("")
    with pytest.raises(OutputError, match=f"cannot write into .*{place}: "):
        require_folder(tmp_path / place)  # an absolute place stays what it is
    with pytest.raises(OutputError, match="cannot write into "):
        require_file(tmp_path / place / "x.json")
    with pytest.raises(OutputError, match="it is a folder"):
        require_file(tmp_path)


@pytest.mark.parametrize(
    "arguments",
    [
        ("evaluate", "PLACE/p.json", "--dataset", "scanqa", "--annotations", "a", "--out", "PLACE"),
        ("evaluate-rooms", "no/model", "--output", "PLACE"),
        ("evaluate-rooms", "no/model", "--pictures", "PLACE"),
        ("train", "tiny", "--output", "PLACE"),
        ("train", "clip", "--output", "PLACE", "--model", "no/model"),
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)
def test_commands_look_at_their_output_first(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    (tmp_path / "FILE").write_text("")
    place = str(tmp_path / "FILE" / "x")
    given = [argument.replace("PLACE", place) for argument in arguments]
    result = CliRunner().invoke(app, given, env={"COLUMNS": "300", "NO_COLOR": "1"})
    assert result.exit_code == 2, result.output
    assert "cannot write into" in result.output and "Not a directory" in result.output


def test_the_folder_of_a_training_run_is_looked_at_first(tmp_path: Path) -> None:
    (tmp_path / "FILE").write_text("")
    file = tmp_path / "run.yaml"
    file.write_text(f"output: {tmp_path}/FILE/x\n")
    result = CliRunner().invoke(
        app, ["train", "dense", "--config", str(file)], env={"COLUMNS": "300", "NO_COLOR": "1"}
    )
    assert result.exit_code == 2 and "cannot write into" in result.output


def test_prepared_sets_and_descriptions_look_at_their_output_first(tmp_path: Path) -> None:
    write_scan(tmp_path / "raw" / "scans", "scene0000_00")
    labels = write_labels(tmp_path / "labels.tsv")
    (tmp_path / "FILE").write_text("")
    for out in ("/proc/x", str(tmp_path / "FILE" / "x")):
        for command in (
            ["prepare", "scannet", str(tmp_path / "raw"), "--labels", str(labels)],
            ["prepare", "descriptions", str(tmp_path), "--model", "no/model"],
        ):
            end = "/x.json" if "descriptions" in command else ""
            result = CliRunner().invoke(app, [*command, "--out", out + end])
            assert result.exit_code == 2, result.output
            assert "cannot write into" in " ".join(result.output.split())


def test_a_split_that_does_not_exist_is_named() -> None:
    result = CliRunner().invoke(app, ["evaluate-rooms", "no/model", "--split", "foo"])
    assert result.exit_code == 2 and "'val', 'test'" in result.output


def test_a_missing_folder_of_settings_is_named(tmp_path: Path) -> None:
    arguments = ["train", "tiny", "--configs", str(tmp_path / "no"), "--output", str(tmp_path)]
    result = CliRunner().invoke(app, arguments, env={"COLUMNS": "300", "NO_COLOR": "1"})
    assert result.exit_code == 2 and "r1-tiny-dense.yaml" in result.output
