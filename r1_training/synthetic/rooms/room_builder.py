"""Collects the items and primitives of one room in the room frame and turns them into a `Room`.

Room frame: origin in the middle of the floor, z up, walls at x = +-width/2 and y = +-depth/2.
"""

from __future__ import annotations

import math

import numpy as np

from r1_training.synthetic.rooms.catalog import CATEGORIES, STATES, held_out
from r1_training.synthetic.rooms.elements import BOX, SPHERE, Lights, Primitives, Room, RoomObject
from r1_training.synthetic.rooms.item_builder import RGB, Item, Pen, Row, Surface, material_look
from r1_training.synthetic.rooms.palette import sample_rgb
from r1_training.synthetic.rooms.rng import Dice
from r1_training.synthetic.rooms.shapes.by_category import draw

Bounds = tuple[float, float, float, float, float, float]

# How often the first value of a state in `catalog.STATES` occurs; one half where nothing is said.
_FIRST_STATE: dict[tuple[str, str], float] = {
    ("mug", "pose"): 0.85,
    ("cup", "pose"): 0.8,
    ("bottle", "pose"): 0.88,
    ("laptop", "opening"): 0.8,
    ("book", "opening"): 0.25,
    ("box", "opening"): 0.4,
    ("microwave", "opening"): 0.3,
    ("window", "opening"): 0.35,
    ("fridge", "opening"): 0.35,
    ("wardrobe", "opening"): 0.4,
    ("dresser", "opening"): 0.4,
    ("washing machine", "opening"): 0.4,
}


# Shapes whose depth or height equals their width.
_SAME_DEPTH = {"dining table", "coffee table", "table", "stool", "rug", "trash can", "basket"}
_SAME_HEIGHT = {
    *(("picture", "square"), ("mirror", "round"), ("clock", "round"), ("clock", "square")),
    *(("ball", "plain"), ("ball", "striped")),
}


class RoomBuilder:
    """Builds one room; `finish` gives the `Room`.

    Args:
        seed, split, room_type: kept in the room.
        dice: the source of every choice.
        width, depth, height: inner size, metres.
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
    ) -> None:
        self.seed, self.split, self.room_type = seed, split, room_type
        self.dice = dice
        self.width, self.depth, self.height = width, depth, height
        self.items: list[Item] = []
        self.rows: list[Row] = []
        self.lights: list[tuple[float, float, float, RGB]] = []
        # space that furniture must leave alone
        self.occupied: list[Bounds] = []
        # the same, in front of doors and the like: these may overlap each other
        self.aisles: list[Bounds] = []
        self.under: list[Bounds] = []
        self.open_wall = -1

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
        """An item of the category with random attributes, except those given; not yet placed.

        `like` copies colour, look, shape, material and size of another item (sets of chairs).
        """
        dice, spec = self.dice, CATEGORIES[category]
        chosen = {
            name: STATES[name][0 if dice.chance(_FIRST_STATE.get((category, name), 0.5)) else 1]
            for name in spec.states
        } | (states or {})
        if chosen.get("opening") == "closed" and category == "laptop":
            chosen["power"] = "off"
        if like is not None:
            return Item(
                *(category, like.shape, like.color, like.material, like.look, chosen),
                *(like.w, like.d, like.h),
            )
        color = color or self._sample_color(category)
        material = material or self._sample_material(spec.materials, color)
        shape = shape or dice.pick(spec.shapes)
        # width, depth and height of one thing go together more than not
        common = dice.random()
        w, d, h = size or (
            low + (high - low) * (0.5 * common + 0.5 * dice.random())
            for low, high in (spec.width, spec.depth, spec.height)
        )
        if shape == "L-shaped" and size is None:
            w, d = max(w, 2.0), dice.uniform(1.4, 1.7)
        if shape in ("round", "square") and category in _SAME_DEPTH:
            d = w
        if (category, shape) in _SAME_HEIGHT:
            h = w
        look = material_look(dice, sample_rgb(dice, color), material)
        return Item(category, shape, color, material, look, chosen, w, d, h)

    def _sample_color(self, category: str) -> str:
        colors = CATEGORIES[category].colors
        color = self.dice.pick(colors)
        if self.split == "train":
            while held_out(category, color, self.room_type):
                color = self.dice.pick(colors)
        return color

    def _sample_material(self, materials: tuple[str, ...], color: str) -> str:
        if color == "silver" and "metal" in materials:
            return "metal"
        return self.dice.pick(materials)

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
        """Put the item at a place of the room frame, draw it and give it its id."""
        item.x, item.y, item.z, item.yaw = x, y, z, yaw
        item.parent, item.relation = parent, relation
        if surface is not None:
            item.level, item.levels = surface.level, surface.levels
        item.id = len(self.items) + 1
        self.items.append(item)
        draw(Pen(self.rows, item, self.dice))
        return item

    def is_free(self, box: Bounds, *, aisle: bool = False) -> bool:
        """Is the space inside the room and taken by nothing yet? Aisles may cross aisles."""
        x0, y0, z0, x1, y1, z1 = box
        half_w, half_d = self.width / 2 + 1e-6, self.depth / 2 + 1e-6
        if x0 < -half_w or x1 > half_w or y0 < -half_d or y1 > half_d:
            return False
        taken = self.occupied if aisle else self.occupied + self.aisles
        return not any(
            x0 < ox1 and ox0 < x1 and y0 < oy1 and oy0 < y1 and z0 < oz1 and oz0 < z1
            for ox0, oy0, oz0, ox1, oy1, oz1 in taken
        )

    def finish(self, T_map_room: np.ndarray, ambient: RGB) -> Room:
        """The room in the map frame."""
        primitives, lower, upper = rows_to_primitives(self.rows, T_map_room, len(self.items) + 1)
        return self.room_of(primitives, lower, upper, T_map_room, ambient)

    def room_of(
        self,
        primitives: Primitives,
        lower: np.ndarray,
        upper: np.ndarray,
        T_map_room: np.ndarray,
        ambient: RGB,
    ) -> Room:
        """The room of primitives, and of boxes in the map frame.

        Args:
            primitives: of the room, map frame.
            lower, upper: (1 + number of items, 3) corners of each item's box by its id, metres.
            T_map_room: (4, 4).
            ambient: light.
        """
        turn = math.atan2(T_map_room[1, 0], T_map_room[0, 0])
        objects = [
            RoomObject(
                id=item.id,
                category=item.category,
                shape=item.shape,
                color=item.color,
                material=item.material,
                states=item.states,
                center=(lower[item.id] + upper[item.id]) / 2,
                size=upper[item.id] - lower[item.id],
                yaw=math.remainder(item.yaw + turn, 2 * math.pi),
                parent=item.parent.id if item.parent else None,
                parent_relation=item.relation,
                level=item.level,
                levels=item.levels,
                held_out=self.is_held_out(item),
            )
            for item in self.items
        ]
        position = np.array([light[:3] for light in self.lights]).reshape(-1, 3)
        lights = Lights(
            position=(position @ T_map_room[:3, :3].T + T_map_room[:3, 3]).astype(np.float32),
            color=np.array([light[3] for light in self.lights], np.float32).reshape(-1, 3),
            ambient=np.array(ambient, np.float32),
        )
        size = np.array([self.width, self.depth, self.height])
        return Room(
            *(self.seed, self.split, self.room_type, objects, primitives, lights),
            *(size, T_map_room),
        )

    def is_held_out(self, item: Item) -> bool:
        """Is the item one of those that training never shows?"""
        return held_out(item.category, item.color, self.type_around(item))

    def type_around(self, item: Item) -> str:
        """The type of the room that an item stands in."""
        return self.room_type


def rows_to_primitives(
    rows: list[Row], T_map_room: np.ndarray, instances: int
) -> tuple[Primitives, np.ndarray, np.ndarray]:
    """Struct of arrays in the map frame, and the tight box of every instance.

    Returns:
        primitives, lower (instances, 3) and upper (instances, 3), metres, map frame.
    """
    numbers = np.array([row[:10] for row in rows])
    looks = np.array([(*r.look.color, *r.look.color2, *r.look[2:]) for r in rows])
    kind, size = numbers[:, 0].astype(np.int32), numbers[:, 4:7]
    center = numbers[:, 1:4] @ T_map_room[:3, :3].T + T_map_room[:3, 3]
    cz, sz = np.cos(numbers[:, 7]), np.sin(numbers[:, 7])
    cx, sx = np.cos(numbers[:, 8]), np.sin(numbers[:, 8])
    zero = np.zeros_like(cz)
    # Rz(turn) @ Rx(tilt)
    R = np.stack([cz, -sz * cx, sz * sx, sz, cz * cx, -cz * sx, zero, sx, cx], 1).reshape(-1, 3, 3)
    R = T_map_room[:3, :3] @ R
    unit_from_map = np.empty((len(rows), 3, 4), np.float32)
    unit_from_map[:, :, :3] = R.transpose(0, 2, 1) / size[:, :, None]
    unit_from_map[:, :, 3] = -np.einsum("pij,pj->pi", R.transpose(0, 2, 1), center) / size
    instance = np.array([row.instance for row in rows], np.int32)
    primitives = Primitives(
        kind=kind,
        unit_from_map=unit_from_map,
        size=size.astype(np.float32),
        taper=numbers[:, 9].astype(np.float32),
        color=looks[:, 0:3].astype(np.float32),
        color2=looks[:, 3:6].astype(np.float32),
        texture=looks[:, 6].astype(np.int32),
        texture_scale=looks[:, 7].astype(np.float32),
        emissive=looks[:, 8].astype(np.float32),
        gloss=looks[:, 9].astype(np.float32),
        instance=instance,
    )
    low, high = primitive_bounds(kind, R, center, size, numbers[:, 9])
    lower, upper = np.full((instances, 3), np.inf), np.full((instances, 3), -np.inf)
    np.minimum.at(lower, instance, low)
    np.maximum.at(upper, instance, high)
    return primitives, lower, upper


def primitive_bounds(
    kind: np.ndarray, R: np.ndarray, center: np.ndarray, size: np.ndarray, taper: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Tight axis-aligned bounds of primitives.

    Args:
        kind: (P,); R: (P, 3, 3) rotation from the primitive's axes; center, size: (P, 3), metres;
        taper: (P,).

    Returns:
        lower and upper corner, (P, 3) each.
    """
    axes = R * (size / 2)[:, None, :]
    cube = np.abs(axes).sum(2)
    ball = np.sqrt((axes**2).sum(2))
    disc = np.sqrt((axes[:, :, :2] ** 2).sum(2))
    along = axes[:, :, 2]
    top = np.maximum(along + disc * taper[:, None], -along + disc)
    bottom = np.minimum(along - disc * taper[:, None], -along - disc)
    is_box, is_ball = (kind == BOX)[:, None], (kind == SPHERE)[:, None]
    upper = np.where(is_box, cube, np.where(is_ball, ball, top))
    lower = np.where(is_box, -cube, np.where(is_ball, -ball, bottom))
    return center + lower, center + upper
