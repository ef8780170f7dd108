"""`r1 prepare meshes` as people call it."""

import pytest
from typer.testing import CliRunner

from r1_training.cli import app
from r1_training.synthetic.household.pack import load_pack
from tests.r1_training.synthetic.household.packs import cuboid


def folder_of_objs(folder):
    folder.mkdir()
    rows = ["file,name,creator,licence,category"]
    for k in range(4):
        vertices, faces = cuboid((0, 0, 0), (0.2 + k / 100, 0.3, 0.2))
        lines = [f"v {x} {y} {z}" for x, y, z in vertices]
        lines += [f"f {a + 1} {b + 1} {c + 1}" for a, b, c in faces]
        (folder / f"{k}.obj").write_text("\n".join(lines))
        rows.append(f"{k}.obj,Bear {k},N. N.,CC0 1.0,{'teddy bear' if k else 'zebra'}")
    (folder / "meshes.csv").write_text("\n".join(rows) + "\n")
    return folder


def test_a_folder_becomes_a_pack_with_credits_and_a_picture(tmp_path):
    pytest.importorskip("trimesh", reason="OBJ and GLB are read with trimesh")
    source, out = folder_of_objs(tmp_path / "objs"), tmp_path / "pack.npz"
    picture = tmp_path / "sheet.png"
    done = CliRunner().invoke(
        app, ["prepare", "meshes", str(source), "--out", str(out), "--sheet", str(picture)]
    )
    assert done.exit_code == 0, done.output
    assert "unknown category 'zebra'" in done.output.replace("\n", "")
    assert len(load_pack(out).meshes) == 3 and picture.is_file()
    assert "N. N." in (tmp_path / "CREDITS.md").read_text()


def test_what_is_no_source_ends_with_its_name(tmp_path):
    (tmp_path / "empty").mkdir()
    done = CliRunner().invoke(
        app, ["prepare", "meshes", str(tmp_path / "empty"), "--out", str(tmp_path / "p.npz")]
    )
    assert done.exit_code == 2 and "neither meshes.npz" in done.output.replace("\n", " ")
    assert not (tmp_path / "p.npz").exists()
