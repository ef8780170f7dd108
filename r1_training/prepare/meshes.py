"""`r1 prepare meshes`: published meshes and textures into the pack that rooms are made from."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from scipy.spatial import cKDTree

from r1_training.prepare.mesh_names import category_of
from r1_training.prepare.mesh_readers import MeshSourceError, RawMesh
from r1_training.prepare.mesh_surfaces import find_surfaces
from r1_training.synthetic.household.catalog import VOCABULARY
from r1_training.synthetic.household.pack import STEPS, TILE, write_pack
from r1_training.synthetic.household.words import UNKNOWN_OBJECT
from r1_training.synthetic.rooms.category import Category

HELD_OUT = 5  # one mesh in so many is kept for val and test
WIDER = 1.33  # a mesh of true size may leave its category's range by this factor
SQUEEZED = 1.5  # and be squeezed by this factor along one axis
MAIN_REACH = 70.0  # RGB distance, 0..255, within which a colour belongs to the main part
# what a mesh shows; meshes are closed, switched off, tidy and upright where nothing is said
_SHOWS = {("laptop", "opening"): "open", ("curtain", "opening"): "closed"}
_OPEN = {("book", "Book")}
_DEFAULTS = {"power": "off", "opening": "closed", "bedding": "made", "pose": "upright"}
_SOFT = {"sofa", "armchair", "bed", "bench", "ottoman", "chair", "stool"}
_NEED_SURFACE = {"sofa", "bed", "cabinet", "counter", "nightstand", "tv cabinet", "dresser"}
_NEED_SURFACE |= {"desk", "dining table", "coffee table", "table"}
_FLAT, _STANDING = {"book", "magazine"}, {"bottle"}
# real ones come in more sizes than the rooms of primitives have them: width, depth, height
_RANGES = {
    "bottle": ((0.04, 0.11), (0.04, 0.11), (0.11, 0.34)),
    "bowl": ((0.1, 0.4), (0.1, 0.4), (0.045, 0.2)),
    "cup": ((0.055, 0.13), (0.055, 0.13), (0.05, 0.16)),
    "towel": ((0.15, 0.6), (0.05, 0.2), (0.03, 0.8)),
    "tv": ((0.5, 1.5), (0.05, 0.35), (0.4, 0.95)),
    "radiator": ((0.45, 2.2), (0.08, 0.25), (0.45, 1.6)),
    "vase": ((0.09, 0.33), (0.09, 0.33), (0.18, 0.9)),
}
_SMALLER = {"dining table": ("table",), "bookshelf": ("cupboard",)}


@dataclass
class PackReport:
    """What became of the meshes of some sources.

    Attributes:
        meshes: fields of `PackedMesh` of those in the pack.
        left_out: (name, reason) of the others.
        bytes: size of the pack.
    """

    meshes: list[dict[str, Any]] = field(default_factory=list)
    left_out: list[tuple[str, str]] = field(default_factory=list)
    bytes: int = 0

    def counts(self) -> dict[str, tuple[int, int]]:
        """Category -> meshes, of them held out."""
        kept = Counter(m["category"] for m in self.meshes)
        held = Counter(m["category"] for m in self.meshes if m["held_out"])
        return {category: (kept[category], held[category]) for category in sorted(kept)}

    def reasons(self) -> dict[str, list[str]]:
        """Reason -> names."""
        found: dict[str, list[str]] = {}
        for name, reason in self.left_out:
            found.setdefault(reason, []).append(name)
        return found


def make_pack(
    raws: Iterable[RawMesh], textures: Path | None, out: Path, *, triangles: int = 2000
) -> PackReport:
    """Choose, scale, thin and write.

    Args:
        raws: from `read_meshes`.
        textures: folder of sheets of swatches (GROUP.webp); None for a pack without.
        out: the `.npz`; `CREDITS.md` is written beside it.
        triangles: at most so many a mesh.

    Raises:
        MeshSourceError: a source is broken, or none of its meshes can be used.
        MeshPackError: the pack is too large.
    """
    report = PackReport()
    arrays: dict[str, list[np.ndarray]] = {
        name: [] for name in ("vertices", "faces", "colors", "is_main")
    }
    counts = {"vertices": 0, "faces": 0}
    for raw in raws:
        chosen = choose(raw)
        if isinstance(chosen, str):
            report.left_out.append((raw.name, chosen))
            continue
        category, vertices, size = chosen
        vertices, faces, colors = thin(vertices, raw.faces, raw.colors, triangles)
        surfaces = _surfaces(category, vertices, faces)
        if category in _NEED_SURFACE and not surfaces:
            report.left_out.append((raw.name, f"{category} without a level top"))
            continue
        is_main, color, share = main_part(vertices, faces, colors)
        low = vertices.min(0)
        unit = (vertices - low) / np.maximum(np.ptp(vertices, 0), 1e-9)
        arrays["vertices"].append((unit * STEPS + 0.5).astype(np.uint16))
        arrays["faces"].append(faces.astype(np.uint16))
        arrays["colors"].append(colors & 0xF8)  # 32 steps: they pack to a third
        arrays["is_main"].append(is_main)
        spans = {}
        for name, count in (("vertices", len(vertices)), ("faces", len(faces))):
            spans[name] = (counts[name], counts[name] + count)
            counts[name] += count
        report.meshes.append(
            {
                **{"name": raw.name, "creator": raw.creator, "licence": raw.licence},
                **{"source": raw.source, "category": category, "held_out": False},
                "shape": outline(vertices),
                "states": shown_states(category, raw.name),
                "size": [round(float(s), 4) for s in size],
                **spans,
                "main": [round(float(c), 3) for c in color],
                "main_share": round(float(share), 3),
                "surfaces": [[round(v, 4) for v in surface] for surface in surfaces],
            }
        )
    if not report.meshes:
        why = "; ".join(f"{reason} ({len(names)})" for reason, names in report.reasons().items())
        raise MeshSourceError(f"no mesh can be used: {why or 'the sources are empty'}")
    hold_out(report.meshes)
    tiles, groups = read_textures(textures) if textures else (np.zeros((0, TILE, TILE, 3)), {})
    joined = {name: np.concatenate(parts) for name, parts in arrays.items()}
    out.parent.mkdir(parents=True, exist_ok=True)
    report.bytes = write_pack(out, report.meshes, joined, tiles.astype(np.uint8), groups)
    out.with_name("CREDITS.md").write_text(credits(report.meshes), encoding="utf-8")
    return report


def choose(raw: RawMesh) -> tuple[str, np.ndarray, np.ndarray] | str:
    """Category, vertices (V, 3) and size (3,) of a mesh at its place; or why it is left out."""
    if not raw.licence or not raw.creator:
        return "no licence or no creator"
    if len(raw.faces) < 4 or raw.faces.min() < 0 or raw.faces.max() >= len(raw.vertices):
        return "bad triangles"
    if not np.isfinite(raw.vertices).all():
        return "bad vertices"
    category = raw.category or category_of(raw.name, raw.group)
    if category.startswith("<"):
        return category[1:-1]
    if category not in VOCABULARY:
        return f"unknown category {category!r}"
    used = raw.vertices[np.unique(raw.faces)]
    if np.ptp(used, 0).min() < 1e-6:
        return "without thickness"
    vertices = raw.vertices - np.append((used.min(0) + used.max(0))[:2] / 2, used.min(0)[2])
    extent = np.ptp(used, 0)
    orders = [np.arange(3)]
    if category in _FLAT:
        orders = [np.argsort(extent)[[1, 2, 0]]]
    elif category in _STANDING and extent.argmax() != 2:
        orders = [np.argsort(extent)[[1, 0, 2]]]
    elif VOCABULARY[category].kind == "small":  # its front is any side
        orders.append(np.array([1, 0, 2]))
    for name in (category, *_SMALLER.get(category, ())):
        for order in orders:
            size = fit(VOCABULARY[name], extent[order], metric=raw.metric)
            if size is not None:
                placed = turned(vertices, order)
                ends = placed[np.unique(raw.faces)]
                placed -= np.append((ends.min(0) + ends.max(0))[:2] / 2, ends.min(0)[2])
                return name, placed * (size / extent[order]), size
    return f"{category} of other proportions"


def turned(vertices: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Axes in another order, without mirroring."""
    out = vertices[:, order].copy()
    if np.linalg.det(np.eye(3)[order]) < 0:
        out[:, 0] *= -1
    return out


def fit(spec: Category, extent: np.ndarray, *, metric: bool) -> np.ndarray | None:
    """The size (3,) at which a mesh of this extent joins its category; None if it looks wrong so.

    One of true size that its category's range nearly holds is kept as it is; others are scaled as
    a whole, and then squeezed a little where that is not enough.
    """
    ranges = _RANGES.get(spec.name, (spec.width, spec.depth, spec.height))
    low, high = np.array(ranges).T
    if metric and (extent >= low / WIDER).all() and (extent <= high * WIDER).all():
        return extent.copy()
    if metric and spec.name == UNKNOWN_OBJECT:
        return None
    least, most = np.log(low / extent), np.log(high / extent)
    # the scale whose worst misfit over the axes is least
    scales = np.linspace(least.min(), most.max(), 400)[:, None]
    misfit = np.maximum(least - scales, scales - most).max(1)
    scale = float(scales[misfit.argmin(), 0])
    if misfit.min() > np.log(SQUEEZED) or (metric and not np.log(0.65) < scale < np.log(1.5)):
        return None
    return (extent * np.exp(scale)).clip(low, high)


def thin(
    vertices: np.ndarray, faces: np.ndarray, colors: np.ndarray, most: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """At most `most` triangles; each keeps the colour of the nearest one that was there."""
    tidy, corner = np.unique((vertices * 1e4).round(), axis=0, return_inverse=True)
    points, joined = tidy / 1e4, corner.reshape(-1)[faces]
    whole = (joined[:, 0] != joined[:, 1]) & (joined[:, 1] != joined[:, 2])
    whole &= joined[:, 0] != joined[:, 2]
    joined, shades = joined[whole], colors[whole]
    if len(joined) > most:
        import fast_simplification  # of preparation alone

        middle = points[joined].mean(1)
        points, kept = fast_simplification.simplify(
            points.astype(np.float32), joined.astype(np.int32), 1 - most / len(joined)
        )
        points, kept = points.astype(np.float64), kept.astype(np.int64)
        _, nearest = cKDTree(middle).query(points[kept].mean(1))
        joined, shades = kept, shades[nearest]
    used, corner = np.unique(joined, return_inverse=True)
    return points[used], corner.reshape(-1, 3), shades


def main_part(
    vertices: np.ndarray, faces: np.ndarray, colors: np.ndarray
) -> tuple[np.ndarray, np.ndarray, float]:
    """The part of one colour that takes most of the surface.

    Returns:
        (F,) bool, its mean colour (3,) in [0, 1], and its share of the area.
    """
    a, b, c = vertices[faces].transpose(1, 0, 2)
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1) + 1e-12
    bins = (colors // 43).astype(int) @ np.array([36, 6, 1])
    heavy = np.bincount(bins, weights=area).argmax()
    rgb = colors.astype(np.float64)
    middle = np.average(rgb[bins == heavy], axis=0, weights=area[bins == heavy])
    is_main = np.linalg.norm(rgb - middle, axis=1) < MAIN_REACH
    color = np.average(rgb[is_main], axis=0, weights=area[is_main]) / 255
    return is_main, color, float(area[is_main].sum() / area.sum())


def outline(vertices: np.ndarray) -> str:
    """round, square or rectangular, seen from above."""
    flat = vertices[:, :2]
    extent = np.ptp(flat, 0)
    if max(extent) > 1.12 * min(extent):
        return "rectangular"
    centre, radius = (flat.max(0) + flat.min(0)) / 2, extent.max() / 2
    corner = np.abs(flat - centre).min(1).max()  # how far out the diagonal reaches
    return "square" if corner > 0.85 * radius else "round"


def shown_states(category: str, name: str) -> dict[str, str]:
    """What the mesh shows of the states that its category has."""
    shown = {
        state: _SHOWS.get((category, state), _DEFAULTS[state])
        for state in VOCABULARY[category].states
    }
    if name.lower().startswith("open ") or (category, name) in _OPEN:
        shown["opening"] = "open"
    return shown


def _surfaces(category: str, vertices: np.ndarray, faces: np.ndarray) -> list:
    spec = VOCABULARY[category]
    if not spec.supports:
        return []
    return find_surfaces(vertices, faces, soft=category in _SOFT, least=0.1)


def hold_out(meshes: list[dict[str, Any]]) -> None:
    """Mark one mesh in five of every category, the same ones whatever else is in the pack."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for mesh in meshes:
        groups.setdefault(mesh["category"], []).append(mesh)
    for group in groups.values():
        count = max(round(len(group) / HELD_OUT), int(len(group) >= 3))
        key = {id(m): zlib.crc32(f"{m['source']}|{m['name']}|{m['size']}".encode()) for m in group}
        for mesh in sorted(group, key=lambda m: key[id(m)])[:count]:
            mesh["held_out"] = True


# sheets that rooms are painted with, and how many swatches of each at most
TEXTURES = {
    **{"Wood": 99, "WoodFloor": 64, "Planks": 40, "Tiles": 90, "Fabric": 80, "Carpet": 16},
    **{"Marble": 26, "Wallpaper": 6, "Plastic": 12, "Metal": 24, "Plaster": 10, "Paint": 10},
    **{"Concrete": 24, "Bricks": 24, "Terrazzo": 19, "Granite": 10, "Cork": 6, "Cardboard": 6},
    **{"OfficeCeiling": 6, "Travertine": 8, "Tatami": 4, "Chipboard": 6, "Paper": 4, "Onyx": 8},
}
_SWATCH, _FIRST, _STEP = 128, 16, (144, 176)


def read_textures(folder: Path) -> tuple[np.ndarray, dict[str, list[int]]]:
    """Tiles (T, TILE, TILE, 3) uint8 of the sheets in a folder, and the rows of each group."""
    tiles: list[np.ndarray] = []
    groups: dict[str, list[int]] = {}
    for name, most in TEXTURES.items():
        path = folder / f"{name}.webp"
        if not path.is_file():
            continue
        sheet = Image.open(path).convert("RGB")
        rows = groups.setdefault(name, [])
        for y in range(_FIRST, sheet.height - _SWATCH + 1, _STEP[1]):
            for x in range(_FIRST, sheet.width - _SWATCH + 1, _STEP[0]):
                swatch = sheet.crop((x, y, x + _SWATCH, y + _SWATCH))
                tile = np.asarray(swatch.resize((TILE, TILE), Image.Resampling.LANCZOS))
                if tile.min() > 250 or len(rows) >= most:  # an empty place on the sheet
                    continue
                rows.append(len(tiles))
                tiles.append(tile)
    return np.stack(tiles) if tiles else np.zeros((0, TILE, TILE, 3), np.uint8), groups


def credits(meshes: list[dict[str, Any]]) -> str:
    """Who made what, to be shipped beside weights that were trained on the pack."""
    groups: dict[tuple[str, str, str], list[str]] = {}
    for mesh in meshes:
        groups.setdefault((mesh["source"], mesh["licence"], mesh["creator"]), []).append(
            mesh["name"]
        )
    lines = ["# Credits of the meshes", "", "Made smaller, recoloured and scaled for r1_ros.", ""]
    for (source, licence, creator), names in sorted(groups.items()):
        lines.append(f"- {creator} ({licence}; {source}): {', '.join(sorted(set(names)))}")
    lines += ["", "Textures: ambientCG (CC0 1.0)."]
    return "\n".join(lines) + "\n"
