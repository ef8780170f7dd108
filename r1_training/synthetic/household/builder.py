"""Collects the items of a room of meshes: a `RoomBuilder` whose items are mostly meshes."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from r1_training.synthetic.household.catalog import VOCABULARY
from r1_training.synthetic.household.colors import COLOURFUL, named_color, nearest_color
from r1_training.synthetic.household.drawing.instances import BOX
from r1_training.synthetic.household.motifs import motif_tile
from r1_training.synthetic.household.pack import MeshPack
from r1_training.synthetic.household.wear import worn_tile
from r1_training.synthetic.rooms.catalog import CATEGORIES
from r1_training.synthetic.rooms.elements import MeshInstances, Room, RoomObject
from r1_training.synthetic.rooms.item_builder import RGB, Item, Surface, plain
from r1_training.synthetic.rooms.palette import sample_rgb
from r1_training.synthetic.rooms.rng import Dice
from r1_training.synthetic.rooms.room_builder import RoomBuilder, rows_to_primitives

MESH_SHARE = 0.85  # of the items that both a mesh and primitives could be
# Metres: text has 256 steps for a room, and a box of a fork's true height would be lost in them.
LEAST_BOX = 0.03
RECOLOURED = 0.45  # share of the surface from which the main part may take another colour
_KEPT = 0.75  # how often a mesh keeps its colour, or what is nearest to it and has a name
# how sheets go with categories: of which one is drawn, and the material that it shows
_PAINTED: dict[str, tuple[tuple[str, ...], str]] = {
    **dict.fromkeys(
        ("dining table", "coffee table", "table", "desk", "chair", "stool", "nightstand", "bench"),
        (("Wood", "Wood", "WoodFloor"), "wood"),
    ),
    **dict.fromkeys(
        ("wardrobe", "bookshelf", "cabinet", "dresser", "tv cabinet", "cupboard", "chest", "door"),
        (("Wood", "Wood", "Planks"), "wood"),
    ),
    **dict.fromkeys(("sofa", "armchair", "ottoman", "bed", "curtain"), (("Fabric",), "fabric")),
    "cutting board": (("Wood",), "wood"),
    "box": (("Cardboard",), "cardboard"),
}
_MOST_LEVELS = 6
_LABEL = 0.001  # metres, half the thickness of a label
# what nobody paints: their own colour, or the one that is nearest to it
_NATURAL = {"banana", "lemon", "orange fruit", "pear", "peach", "bread", "cake", "apple", "plant"}
_NATURAL |= {"socket", "light switch", "toilet", "bidet", "sink", "bathtub", "toilet paper"}
_NATURAL |= {"paper towel", "soap", "sponge", "fork", "spoon", "scissors", "keys", "watch"}
_SHINY = ("fridge", "oven", "microwave", "toaster", "kettle", "pot", "glass", "tv", "monitor")


@dataclass
class MeshItem(Item):
    """An item that is drawn as a mesh of the pack.

    Attributes:
        mesh: its number.
        paint: colour of the main part; None keeps the mesh's own.
        tile, scale: texture of the main part (-1 for none), metres a tile.
    """

    mesh: int = 0
    paint: RGB | None = None
    tile: int = -1
    scale: float = 0.5


class HouseholdBuilder(RoomBuilder):
    """Builds one room of meshes; `finish` gives the `Room`. No box is thinner than LEAST_BOX.

    Args:
        pack: what its meshes and textures come from.

    The others are those of `RoomBuilder`.
    """

    def __init__(
        self,
        seed: int,
        split: str,
        room_type: str,
        dice: Dice,
        width: float,
        depth: float,
        height: float,
        pack: MeshPack,
    ) -> None:
        super().__init__(seed, split, room_type, dice, width, depth, height)
        self.pack = pack
        self.placed: list[tuple] = []  # rows of MeshInstances in the room frame
        self.motifs: dict[int, str] = {}  # what is printed on items, by their ids

    def sample(
        self,
        category: str,
        *,
        color: str | None = None,
        shape: str | None = None,
        material: str | None = None,
        states: dict[str, str] | None = None,
        like: Item | None = None,
        size: tuple[float, float, float] | None = None,
    ) -> Item:
        """`RoomBuilder.sample`, mostly as a mesh; a category without primitives always is one."""
        if isinstance(like, MeshItem) and like.category == category:
            return replace(like, id=0, surfaces=[], parent=None, states=dict(like.states))
        if category == "rug" and "Carpet" in self.pack.texture_groups and self.dice.chance(0.7):
            return self._carpet(color, size)
        choices = self.pack.choices(category, self.split)
        number = self.dice.pick(choices) if choices and like is None else None
        if number is None or not self._suits(number, category, shape, states):
            return super().sample(
                category, color=color, shape=shape, material=material, states=states,
                like=like, size=size,
            )  # fmt: skip
        return self._mesh_item(number, category, color, states or {}, size)

    def _suits(
        self, number: int, category: str, shape: str | None, states: dict[str, str] | None
    ) -> bool:
        if category not in CATEGORIES:
            return True
        mesh = self.pack.meshes[number]
        if not self.dice.chance(MESH_SHARE) or shape == "standing":
            return False
        return all(mesh.states.get(state) == value for state, value in (states or {}).items()) or (
            states == {"pose": "tipped"} and "pose" in mesh.states
        )

    def _mesh_item(
        self,
        number: int,
        category: str,
        color: str | None,
        states: dict[str, str],
        size: tuple[float, float, float] | None,
    ) -> MeshItem:
        dice, mesh = self.dice, self.pack.meshes[number]
        shown = mesh.states | states
        if shown.get("pose") == "upright" and not states and dice.chance(0.12):
            shown["pose"] = "tipped"
        common = dice.uniform(0.94, 1.06)
        w, d, h = size or (s * common * dice.uniform(0.97, 1.03) for s in mesh.size)
        name, paint = self._paint(number, category, color)
        tile, scale, material = -1, 0.5, ""
        known, made_of = _PAINTED.get(category, ((), ""))
        groups = [g for g in known if g in self.pack.texture_groups]
        if groups and name != COLOURFUL and dice.chance(0.6):
            tile = dice.pick(self.pack.texture_groups[dice.pick(groups)])
            scale, material = dice.uniform(0.3, 0.9), made_of
            paint = paint or mesh.main
        look = plain(*(paint or mesh.main))
        item = MeshItem(category, "plain", name, material, look, shown, w, d, h)
        item.mesh, item.paint, item.tile, item.scale = number, paint, tile, scale
        return item

    def _carpet(self, color: str | None, size: tuple[float, float, float] | None) -> MeshItem:
        """A rug: a flat box with the photograph of a carpet."""
        dice, spec = self.dice, VOCABULARY["rug"]
        w, d, h = size or (dice.uniform(*r) for r in (spec.width, spec.depth, spec.height))
        name = color or self._sample_color("rug")
        item = MeshItem("rug", "plain", name, "fabric", plain(*sample_rgb(dice, name)), {}, w, d, h)
        groups = self.pack.texture_groups
        item.tile = dice.pick(groups[dice.pick([g for g in ("Carpet", "Fabric") if g in groups])])
        item.mesh, item.paint, item.scale = BOX, item.look.color, dice.uniform(0.4, 1.2)
        return item

    def picture(self, motif: str) -> MeshItem:
        """A square picture that shows a motif; its colour is that of the paper."""
        name = self._sample_color("picture")
        while name in ("black", "purple", "blue"):  # one would not see what it shows
            name = self._sample_color("picture")
        edge = self.dice.uniform(0.3, 0.7)
        look = plain(*sample_rgb(self.dice, name))
        item = MeshItem("picture", "plain", name, "paper", look, {}, edge, 0.03, edge)
        item.mesh, item.paint, item.scale = BOX, look.color, edge
        item.tile = len(self.pack.textures) + motif_tile(motif, top=False)
        return item

    def _paint(self, number: int, category: str, color: str | None) -> tuple[str, RGB | None]:
        """The name of a mesh's colour, and the paint that it takes for it."""
        dice, mesh = self.dice, self.pack.meshes[number]
        if mesh.main_share < RECOLOURED:
            return COLOURFUL, None
        if category in _NATURAL and color is None:
            known = VOCABULARY[category].colors
            return named_color(mesh.main) or nearest_color(mesh.main, known), None
        name = color
        if name is None and dice.chance(_KEPT):
            own, known = named_color(mesh.main), VOCABULARY[category].colors
            if own in known:
                return own, None
            name = nearest_color(mesh.main, known)
        name = name or self._sample_color(category)
        return name, sample_rgb(dice, name)

    def _sample_color(self, category: str) -> str:
        if category in CATEGORIES:
            return super()._sample_color(category)
        return self.dice.pick(VOCABULARY[category].colors)

    def add(
        self,
        item: Item,
        x: float,
        y: float,
        z: float = 0.0,
        yaw: float = 0.0,
        *,
        parent: Item | None = None,
        relation: str = "floor",
        surface: Surface | None = None,
    ) -> Item:
        """Put the item at a place of the room frame and give it its id."""
        if not isinstance(item, MeshItem):
            return super().add(
                item, x, y, z, yaw, parent=parent, relation=relation, surface=surface
            )
        item.x, item.y, item.z, item.yaw = x, y, z, yaw
        item.parent, item.relation = parent, relation
        if surface is not None:
            item.level, item.levels = surface.level, surface.levels
        item.id = len(self.items) + 1
        self.items.append(item)
        item.surfaces = self._surfaces(item)
        lying = item.states.get("pose") == "tipped"
        gloss = 0.15 if item.category in _SHINY else 0.02
        tile, scale = item.tile, item.scale
        if tile < 0:
            tile, scale = worn_tile(self.seed, item.id, len(self.pack.textures)) or (tile, scale)
        self.put(
            mesh=item.mesh,
            at=(x, y, z),
            size=(item.w, item.d, item.h),
            yaw=yaw,
            paint=item.paint,
            tile=tile,
            scale=scale,
            gloss=gloss,
            instance=item.id,
            lying=lying,
        )
        return item

    def absorb(self, other: HouseholdBuilder, x: float, y: float, part: int) -> None:
        """Take over all that another builder made, moved by (x, y): a room of a flat."""
        first = len(self.items)
        for item in other.items:
            item.id, item.part = item.id + first, part
            item.x, item.y = item.x + x, item.y + y
        self.items += other.items
        for row in other.rows:
            owner = row.instance + first if row.instance else 0
            self.rows.append(row._replace(x=row.x + x, y=row.y + y, instance=owner))
        for mesh, (mx, my, mz), *look, owner, lying in other.placed:
            moved = owner + first if owner else 0
            self.placed.append((mesh, (mx + x, my + y, mz), *look, moved, lying))
        self.lights += [(lx + x, ly + y, z, color) for lx, ly, z, color in other.lights]
        self.motifs |= {id + first: motif for id, motif in other.motifs.items()}

    def remove(self, ids: set[int]) -> None:
        """Take items away again, with what is drawn of them; nothing may stand on them."""
        number = {0: 0}
        for item in self.items:
            if item.id not in ids:
                number[item.id] = len(number)
        self.items = [item for item in self.items if item.id not in ids]
        self.rows = [
            row._replace(instance=number[row.instance])
            for row in self.rows
            if row.instance not in ids
        ]
        self.placed = [
            (*row[:9], number[row[9]], row[10]) for row in self.placed if row[9] not in ids
        ]
        self.motifs = {number[id]: m for id, m in self.motifs.items() if id not in ids}
        for item in self.items:
            item.id = number[item.id]

    def put(
        self,
        mesh: int,
        at: tuple[float, float, float],
        size: tuple[float, float, float],
        yaw: float,
        paint: RGB | None,
        tile: int = -1,
        scale: float = 0.5,
        emissive: float = 0.0,
        gloss: float = 0.0,
        instance: int = 0,
        lying: bool = False,
    ) -> None:
        """Draw a mesh (or a box, -1) with the middle of its base at a place of the room frame."""
        self.placed.append(
            (mesh, at, size, yaw, paint, tile, scale, emissive, gloss, instance, lying)
        )

    def print_on(self, item: Item, motif: str, paint: RGB) -> None:
        """A label on a placed item: on the front of what stands, on top of what lies as well."""
        self.motifs[item.id] = motif
        first = len(self.pack.textures)
        front = 0.75 * min(item.w, item.h)
        if front > 0.06:
            x, y = item.to_room(0.0, -item.d / 2 - _LABEL)
            at = x, y, item.z + (item.h - front) / 2
            tile = first + motif_tile(motif, top=False)
            size = (front, 2 * _LABEL, front)
            self.put(BOX, at, size, item.yaw, paint, tile, front, instance=item.id)
        top = 0.75 * min(item.w, item.d)
        if item.h < 0.6 and top > 0.06 and item.states.get("opening") != "open":
            tile = first + motif_tile(motif, top=True)
            at, size = (item.x, item.y, item.z + item.h), (top, top, 2 * _LABEL)
            self.put(BOX, at, size, item.yaw, paint, tile, top, instance=item.id)

    def _surfaces(self, item: MeshItem) -> list[Surface]:
        if item.mesh == BOX:
            return []
        mesh = self.pack.meshes[item.mesh]
        sx, sy, sz = item.w / mesh.size[0], item.d / mesh.size[1], item.h / mesh.size[2]
        levels = len(mesh.surfaces) if item.category == "bookshelf" else 0
        levels = 0 if levels > _MOST_LEVELS else levels  # nobody counts further
        found = [
            Surface(
                *(x * sx, y * sy, z * sz, w * sx * 0.96, d * sy * 0.96, clear * sz, "on"),
                *((k + 1, levels) if levels > 1 else (None, None)),
            )
            for k, (x, y, z, w, d, clear) in enumerate(mesh.surfaces)
        ]
        if item.category == "bed" and found:  # pillows are part of the mesh
            found.insert(0, replace(found[0], clear=0.0))
        return found

    def finish(self, T_map_room: np.ndarray, ambient: RGB) -> Room:
        """The room in the map frame, boxes tight around primitives and meshes."""
        count = len(self.items) + 1
        primitives, lower, upper = rows_to_primitives(self.rows, T_map_room, count)
        meshes = _instances(self.placed, T_map_room)
        for k, row in enumerate(self.placed):
            if row[9] == 0:
                continue
            matrix = meshes.map_from_unit[k].astype(np.float64)
            points = self.pack.hull(row[0]) @ matrix[:, :3].T + matrix[:, 3]
            np.minimum(lower[row[9]], points.min(0), out=lower[row[9]])
            np.maximum(upper[row[9]], points.max(0), out=upper[row[9]])
        lower, upper = lower - thin(lower, upper), upper + thin(lower, upper)
        room = self.room_of(primitives, lower, upper, T_map_room, ambient)
        for thing in room.objects:
            thing.motif = self.motifs.get(thing.id, "")
            thing.part = self.items[thing.id - 1].part
        hide_what_meshes_do_not_tell(room.objects, self.items)
        return replace(room, meshes=meshes)

    def is_held_out(self, item: Item) -> bool:
        """A mesh is held out as a whole, a primitive with its colour."""
        if isinstance(item, MeshItem) and item.mesh != BOX:
            return self.pack.meshes[item.mesh].held_out
        return super().is_held_out(item)


def thin(lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """What boxes (N, 3) lack on each side of being LEAST_BOX thick, metres."""
    return ((LEAST_BOX - (upper - lower)) / 2).clip(0, LEAST_BOX)


def hide_what_meshes_do_not_tell(objects: list[RoomObject], items: list[Item]) -> None:
    """Where one of a category cannot be told apart by shape or material, none of it is.

    Else "the round table" would be the one of primitives, and the round mesh beside it not.
    """
    shapes = {item.category for item in items if isinstance(item, MeshItem)}
    materials = {item.category for item in items if not item.material}
    for thing in objects:
        if thing.category in shapes:
            thing.shape = "plain"
        if thing.category in materials:
            thing.material = ""


def _instances(placed: list[tuple], T_map_room: np.ndarray) -> MeshInstances:
    count = len(placed)
    affine = np.zeros((count, 3, 4))
    for k, (_, at, size, yaw, *_, lying) in enumerate(placed):
        c, s = math.cos(yaw), math.sin(yaw)
        turn = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
        linear, shift = np.diag(size), np.zeros(3)
        if lying:  # as the pen lays things on their side: (y, z) -> (h/2 - z, y + d/2)
            linear = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]]) @ linear
            shift = np.array([0.0, size[2] / 2, size[1] / 2])
        affine[k, :, :3] = T_map_room[:3, :3] @ turn @ linear
        affine[k, :, 3] = T_map_room[:3, :3] @ (turn @ shift + at) + T_map_room[:3, 3]
    columns = list(zip(*placed, strict=True))
    paint = [(math.nan,) * 3 if p is None else p for p in columns[4]]
    return MeshInstances(
        mesh=np.array(columns[0], np.int32),
        map_from_unit=affine.astype(np.float32),
        size=np.array(columns[2], np.float32),
        color=np.array(paint, np.float32),
        tile=np.array(columns[5], np.int32),
        scale=np.array(columns[6], np.float32),
        emissive=np.array(columns[7], np.float32),
        gloss=np.array(columns[8], np.float32),
        instance=np.array(columns[9], np.int32),
    )
