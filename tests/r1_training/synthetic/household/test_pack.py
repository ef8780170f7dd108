import json

import numpy as np
import pytest

from r1_training.prepare.mesh_names import category_of, plain_name
from r1_training.prepare.mesh_readers import MeshSourceError, read_meshes
from r1_training.prepare.mesh_surfaces import find_surfaces
from r1_training.prepare.meshes import choose, fit, main_part, make_pack, outline, thin
from r1_training.synthetic.household.catalog import ADDED, VOCABULARY
from r1_training.synthetic.household.pack import MeshPackError, load_pack, write_pack
from r1_training.synthetic.household.words import CHINESE, ENGLISH
from tests.conftest import shared_folder
from tests.r1_training.synthetic.household.packs import cuboid, joined, raw, small_pack, table_mesh


@pytest.fixture(scope="module")
def pack(tmp_path_factory):
    return small_pack(tmp_path_factory.mktemp("pack"))


def test_every_added_category_has_names_in_three_languages():
    assert set(ADDED) == set(ENGLISH) == set(CHINESE)
    assert len(VOCABULARY) >= 90
    for hant, first, hans, second in CHINESE.values():
        assert hant and hans and first and second


def test_the_first_categories_are_those_of_rooms_of_primitives():
    from r1_training.synthetic.rooms.catalog import CATEGORIES

    assert list(VOCABULARY)[: len(CATEGORIES)] == list(CATEGORIES)


@pytest.mark.parametrize(
    ("name", "category"),
    [
        ("Corner sofa", "sofa"),
        ("ycb_065-i_cups", "cup"),
        ("Bathroom_ToiletPaper", "toilet paper"),
        ("Light_Stand1", "floor lamp"),
        ("doraemon_bowl", "bowl"),
        ("ycb_051_large_clamp", "unknown object"),
        ("Wall type G plug", "socket"),
        ("Glass table", "dining table"),
        ("Glass door", "door"),
    ],
)
def test_names_say_the_category(name, category):
    assert category_of(name) == category


def test_the_source_s_section_tells_office_chairs_from_chairs():
    assert category_of("Chair", "Office") == "office chair"
    assert category_of("Chair", "Living room") == "chair"
    assert category_of("Plunger").startswith("<left out")
    assert plain_name("ycb_063-a_marbles") == "marbles"


def test_a_pack_comes_back_as_it_was_written(pack):
    assert set(pack.by_category) == set(VOCABULARY)
    table = pack.meshes[pack.by_category["dining table"][0]]
    number = pack.by_category["dining table"][0]
    metres = pack.unit_vertices(number) * table.size
    assert np.allclose(np.ptp(metres, 0), table.size, atol=1e-4)
    assert metres[:, 2].min() == 0
    x, y, z, w, d, clear = table.surfaces[0]
    assert z == pytest.approx(table.size[2], abs=2e-3) and clear > 1
    assert (x, y) == pytest.approx((0, 0), abs=0.05)
    assert table.size[0] * 0.85 < w <= table.size[0] + 1e-6


def test_one_in_five_is_held_out_and_training_never_shows_it(pack):
    for category in VOCABULARY:
        train, test = pack.choices(category, "train"), pack.choices(category, "test")
        assert len(test) == 1 and not set(train) & set(test), category


def test_the_held_out_meshes_do_not_depend_on_the_rest(tmp_path):
    boxes = [cuboid((0, 0, 0), (0.2 + k / 50, 0.2, 0.2)) for k in range(6)]
    alone = [raw(f"bear {k}", mesh, "teddy bear") for k, mesh in enumerate(boxes)]
    others = [raw(f"bowl {k}", category="bowl") for k in range(9)]
    found = []
    for number, raws in enumerate((alone, others + alone)):
        path = tmp_path / f"{number}.npz"
        make_pack(raws, None, path)
        found.append({m.name for m in load_pack(path).meshes if m.held_out and "bear" in m.name})
    assert found[0] == found[1] and len(found[0]) == 1


@pytest.mark.parametrize(
    ("mesh", "reason"),
    [
        (raw("mug", licence=""), "no licence"),
        (raw("mug", creator=""), "no licence or no creator"),
        (raw("mug", category="spaceship"), "unknown category 'spaceship'"),
        (raw("Plunger"), "no row of the table fits"),
        (raw("x", category="sofa"), "sofa of other proportions"),
        (raw("x", (np.zeros((3, 3)), np.array([[0, 1, 2]] * 5)), "mug"), "without thickness"),
        (raw("x", (np.zeros((3, 3)), np.array([[0, 1, 3]] * 5)), "mug"), "bad triangles"),
        (raw("x", (np.full((3, 3), np.nan), np.array([[0, 1, 2]] * 5)), "mug"), "bad vertices"),
    ],
)
def test_what_cannot_be_used_is_left_out_with_the_reason(mesh, reason):
    assert reason in choose(mesh)


def test_a_mesh_of_true_size_keeps_it_and_one_of_no_scale_gets_one():
    sofa = VOCABULARY["sofa"]
    true = np.array([2.05, 0.9, 0.78])
    assert fit(sofa, true, metric=True) == pytest.approx(true)
    scaled = fit(sofa, true * 3, metric=False)
    assert scaled / true == pytest.approx(np.full(3, (scaled / true)[0]), rel=0.02)
    assert fit(sofa, true * 3, metric=True) is None
    assert fit(sofa, np.array([2.0, 2.0, 0.2]), metric=False) is None


def test_thinning_keeps_shape_and_colours():
    pytest.importorskip("fast_simplification", reason="large meshes are thinned by it")
    theta, z = np.meshgrid(np.linspace(0, 2 * np.pi, 80), np.linspace(0, 1, 40))
    points = np.stack((np.cos(theta), np.sin(theta), z), -1).reshape(-1, 3)
    k = np.arange(39 * 80).reshape(39, 80)[:, :-1].ravel()
    faces = np.concatenate((np.stack((k, k + 1, k + 80), 1), np.stack((k + 1, k + 81, k + 80), 1)))
    colors = np.where(points[faces].mean(1)[:, 2:] > 0.5, (250, 0, 0), (0, 0, 250)).astype(np.uint8)
    vertices, thinned, shades = thin(points, faces, colors, 600)
    assert len(thinned) <= 600 and len(shades) == len(thinned)
    assert np.allclose(np.ptp(vertices, 0), np.ptp(points, 0), atol=0.03)
    high = vertices[thinned].mean(1)[:, 2]
    assert (shades[high > 0.6, 0] > 200).all() and (shades[high < 0.4, 2] > 200).all()


def test_the_main_part_is_the_colour_of_most_of_the_surface():
    vertices, faces = joined(cuboid((0, 0, 0), (1, 1, 1)), cuboid((0, 0, 1), (0.2, 0.2, 1.2)))
    colors = np.concatenate((np.full((12, 3), 40), np.full((12, 3), 220))).astype(np.uint8)
    is_main, color, share = main_part(vertices, faces, colors)
    assert is_main.tolist() == [True] * 12 + [False] * 12
    assert color == pytest.approx([40 / 255] * 3) and share > 0.95


def test_shelves_have_a_surface_a_level_and_a_tilted_board_has_none():
    boards = [cuboid((0, 0, h), (0.9, 0.3, h + 0.02)) for h in (0.0, 0.4, 0.8, 1.2)]
    surfaces = find_surfaces(*joined(*boards))
    assert [round(s[2], 2) for s in surfaces] == [1.22, 0.82, 0.42, 0.02]
    assert surfaces[1][5] == pytest.approx(0.38, abs=0.01)
    tilted, faces = cuboid((0, 0, 0), (1, 1, 0.02))
    tilted[:, 2] += tilted[:, 0]
    assert find_surfaces(tilted, faces) == []


def test_outlines_are_told_apart():
    angle = np.linspace(0, 2 * np.pi, 40)
    disc = np.stack((np.cos(angle), np.sin(angle), angle * 0), 1)
    assert outline(disc) == "round"
    assert outline(cuboid((0, 0, 0), (1, 1, 1))[0]) == "square"
    assert outline(table_mesh()[0]) == "rectangular"


def test_a_folder_of_obj_files_is_read(tmp_path):
    pytest.importorskip("trimesh", reason="OBJ and GLB are read with trimesh")
    vertices, faces = cuboid((0, 0, 0), (0.1, 0.3, 0.2))  # y up: 0.3 m high
    lines = [f"v {x} {y} {z}" for x, y, z in vertices] + [
        f"f {a + 1} {b + 1} {c + 1}" for a, b, c in faces
    ]
    (tmp_path / "vase.obj").write_text("\n".join(lines))
    (tmp_path / "meshes.csv").write_text(
        "file,name,creator,licence,category\nvase.obj,Ming,N. N.,CC0 1.0,vase\n"
    )
    [mesh] = read_meshes(tmp_path)
    assert np.ptp(mesh.vertices, 0) == pytest.approx([0.1, 0.2, 0.3])
    assert (mesh.creator, mesh.category, len(mesh.faces)) == ("N. N.", "vase", 12)


def test_a_sweet_home_library_is_read(tmp_path):
    pytest.importorskip("trimesh", reason="OBJ and GLB are read with trimesh")
    import zipfile

    vertices, faces = cuboid((0, 0, 0), (1, 1, 1))
    lines = [f"v {x} {y} {z}" for x, y, z in vertices] + [
        f"f {a + 1} {b + 1} {c + 1}" for a, b, c in faces
    ]
    catalogue = (
        "id=x\nname#1=Caf\\u00e9 chair\ncategory#1=Kitchen\nmodel#1=/models/chair/chair.obj\n"
        "width#1=45\ndepth#1=50\nheight#1=90\ncreator#1=eTeks\n"
    )
    with zipfile.ZipFile(tmp_path / "Scopia.sh3f", "w") as archive:
        archive.writestr("PluginFurnitureCatalog.properties", catalogue)
        archive.writestr("models/chair/chair.obj", "\n".join(lines))
    [mesh] = read_meshes(tmp_path)
    assert mesh.name == "Café chair" and mesh.licence == "CC-BY 3.0" and mesh.creator == "eTeks"
    assert np.ptp(mesh.vertices, 0) == pytest.approx([0.45, 0.5, 0.9])


def test_textures_and_turned_models_of_a_library_are_read(tmp_path):
    pytest.importorskip("trimesh", reason="OBJ and GLB are read with trimesh")
    import zipfile

    from PIL import Image

    vertices, faces = cuboid((0, 0, 0), (1, 1, 1))
    lines = ["mtllib m.mtl", "usemtl paint", *(f"v {x} {y} {z}" for x, y, z in vertices)]
    lines += ["vt 0.25 0.5"] + [f"f {a + 1}/1 {b + 1}/1 {c + 1}/1" for a, b, c in faces]
    Image.fromarray(np.uint8([[[200, 10, 10], [10, 10, 200]]])).save(tmp_path / "t.png")
    catalogue = (
        "name#1=Chair\nmodel#1=/m/chair.obj\nwidth#1=40\ndepth#1=50\nheight#1=90\n"
        "creator#1=eTeks\nlicense#1=CC-BY\nmodelRotation#1=0 0 1 0 1 0 -1 0 0\n"
    )
    with zipfile.ZipFile(tmp_path / "Scopia.sh3f", "w") as archive:
        archive.writestr("PluginFurnitureCatalog.properties", catalogue)
        archive.writestr("m/chair.obj", "\n".join(lines))
        archive.writestr("m/m.mtl", "newmtl paint\nKd 1 1 1\nmap_Kd t.png\n")
        archive.write(tmp_path / "t.png", "m/t.png")
    [mesh] = read_meshes(tmp_path)
    assert (mesh.colors == (200, 10, 10)).all()
    assert np.ptp(mesh.vertices, 0) == pytest.approx([0.4, 0.5, 0.9])


def test_a_source_without_any_mesh_of_use_says_why(tmp_path):
    with pytest.raises(MeshSourceError, match=r"no row of the table fits \(2\)"):
        make_pack([raw("Plunger"), raw("Gizmo")], None, tmp_path / "p.npz")
    with pytest.raises(MeshSourceError, match="empty"):
        make_pack([], None, tmp_path / "p.npz")


def test_sources_that_are_none_are_named(tmp_path):
    with pytest.raises(MeshSourceError, match="neither"):
        list(read_meshes(tmp_path))
    (tmp_path / "meshes.csv").write_text("file,name\n")
    with pytest.raises(MeshSourceError, match="creator"):
        list(read_meshes(tmp_path))
    (tmp_path / "broken.sh3f").write_bytes(b"no zip")
    with pytest.raises(MeshSourceError, match="broken"):
        list(read_meshes(tmp_path / "broken.sh3f"))


def changed(pack_path, tmp_path, **change):
    with np.load(pack_path, allow_pickle=False) as file:
        parts = {name: file[name] for name in file.files}
    about = json.loads(parts["about"].tobytes())
    for row in about["meshes"]:
        row.update(change)
    parts["about"] = np.frombuffer(json.dumps(about).encode(), np.uint8)
    path = tmp_path / "changed.npz"
    np.savez(path, **parts)
    return path


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"category": "spaceship"}, "spaceship"),
        ({"licence": ""}, "no licence"),
        ({"creator": ""}, "no licence or no creator"),
        ({"faces": [0, 10**9]}, "outside"),
        ({"vertices": [0, 2]}, "triangles of vertices"),
        ({"size": [0, 1, 1]}, "size"),
        ({"colour": 1}, "no pack"),
    ],
)
def test_broken_packs_are_refused(tmp_path, change, message):
    path = tmp_path / "meshes.npz"
    make_pack([raw("a mug", category="apple")], None, path)
    with pytest.raises(MeshPackError, match=message):
        load_pack(changed(path, tmp_path, **change))


def test_what_is_no_pack_is_refused(tmp_path):
    with pytest.raises(MeshPackError, match="missing"):
        load_pack(tmp_path / "missing.npz")
    (tmp_path / "text.npz").write_text("hello")
    with pytest.raises(MeshPackError, match="no pack"):
        load_pack(tmp_path / "text.npz")


def test_a_pack_that_is_too_large_is_not_left_behind(tmp_path, monkeypatch):
    monkeypatch.setattr("r1_training.synthetic.household.pack.MOST_BYTES", 10)
    path = tmp_path / "large.npz"
    arrays = {k: np.zeros((3, 3), np.uint16) for k in ("vertices", "faces", "colors")}
    with pytest.raises(MeshPackError, match="fewer triangles"):
        write_pack(path, [], arrays | {"is_main": np.ones(3, bool)}, np.zeros((1, 64, 64, 3)), {})
    assert not path.exists()


def test_the_credits_name_every_creator(tmp_path):
    make_pack([raw("my apple", category="apple", creator="Jane")], None, tmp_path / "p.npz")
    text = (tmp_path / "CREDITS.md").read_text()
    assert "Jane" in text and "my apple" in text and "CC0 1.0" in text


@pytest.mark.slow
def test_the_public_meshes_make_a_pack(tmp_path):
    pytest.importorskip("fast_simplification", reason="large meshes are thinned by it")
    source = shared_folder() / "meshes"
    if not source.is_dir():
        pytest.skip(f"no meshes in {source}")
    report = make_pack(read_meshes(source), source / "textures", tmp_path / "p.npz")
    assert len(report.meshes) > 650 and len(report.counts()) > 120
    assert report.bytes < 10_000_000
