"""What synthetic rooms are made of: categories with their shapes, colours, sizes and states."""

from __future__ import annotations

import zlib

from r1_training.synthetic.rooms.category import ROOM_TYPES, SPLITS, STATES, Category, Range
from r1_training.synthetic.rooms.palette import COLORS, MATERIALS

__all__ = [
    "CATEGORIES",
    "COLORS",
    "MATERIALS",
    "ROOM_TYPES",
    "SPLITS",
    "STATES",
    "Category",
    "held_out",
]

_WOODS = ("light brown", "brown", "dark brown", "white", "black")
_PAINTS = (*_WOODS, "grey", "red", "blue", "green", "yellow")
_FABRICS = (
    *("grey", "beige", "blue", "green", "red", "brown"),
    *("black", "white", "yellow", "purple", "pink", "orange"),
)
_BRIGHT = ("white", "black", "red", "orange", "yellow", "green", "blue", "purple", "pink", "grey")
_APPLIANCE = ("white", "black", "silver", "red")
_SCREEN = ("black", "silver", "white")
_TABLES = ("dining table", "coffee table", "table", "desk")
_TOPS = (*_TABLES, "counter", "nightstand", "dresser", "tv cabinet", "cabinet", "bookshelf")

_FURNITURE = (
    # seats
    Category(
        *("sofa", "furniture", (1.6, 2.5), (0.8, 1.0), (0.7, 0.9), _FABRICS),
        *(("fabric", "leather"), ("straight", "L-shaped")),
        supports=True,
        hypernym="seat",
    ),
    Category(
        *("armchair", "furniture", (0.7, 0.95), (0.7, 0.9), (0.75, 1.0), _FABRICS),
        *(("fabric", "leather"), ("boxy", "winged")),
        supports=True,
        hypernym="seat",
    ),
    Category(
        *("chair", "furniture", (0.4, 0.52), (0.42, 0.56), (0.78, 0.98), _PAINTS),
        *(("wood", "plastic", "metal"), ("slatted back", "solid back", "padded")),
        supports=True,
        hypernym="seat",
    ),
    Category(
        *("office chair", "furniture", (0.5, 0.65), (0.5, 0.65), (0.9, 1.15)),
        *(("black", "grey", "blue", "red", "green", "white"), ("fabric", "leather")),
        ("with armrests", "without armrests"),
        hypernym="seat",
    ),
    Category(
        *("stool", "furniture", (0.3, 0.42), (0.3, 0.42), (0.42, 0.7), _PAINTS),
        *(("wood", "metal", "plastic"), ("round", "square")),
        supports=True,
        hypernym="seat",
    ),
    # tables
    Category(
        *("dining table", "furniture", (1.0, 2.2), (0.8, 1.05), (0.7, 0.78)),
        *(_WOODS, ("wood", "glass", "stone"), ("rectangular", "round", "square")),
        supports=True,
        hypernym="table",
    ),
    Category(
        *("coffee table", "furniture", (0.7, 1.3), (0.5, 0.75), (0.32, 0.48)),
        *(_WOODS, ("wood", "glass", "metal"), ("rectangular", "round", "square")),
        supports=True,
        hypernym="table",
    ),
    Category(
        *("table", "furniture", (0.45, 1.0), (0.4, 0.6), (0.5, 0.8), _PAINTS),
        *(("wood", "metal", "plastic"), ("rectangular", "round", "square")),
        supports=True,
    ),
    Category(
        *("desk", "furniture", (1.0, 1.8), (0.55, 0.8), (0.7, 0.78), _WOODS),
        *(("wood", "metal"), ("with drawers", "plain")),
        supports=True,
        hypernym="table",
    ),
    # beds and storage
    Category(
        *("bed", "furniture", (0.95, 2.0), (1.95, 2.15), (0.75, 1.2), _FABRICS),
        *(("wood", "fabric", "metal"), ("single", "double"), ("bedding",)),
        supports=True,
    ),
    Category(
        *("nightstand", "furniture", (0.38, 0.55), (0.35, 0.45), (0.42, 0.6), _PAINTS),
        *(("wood",), ("with drawers", "plain")),
        supports=True,
    ),
    Category(
        *("wardrobe", "furniture", (0.9, 1.9), (0.5, 0.62), (1.8, 2.2), _WOODS),
        *(("wood",), ("two doors", "three doors"), ("opening",)),
        contains=True,
        hypernym="storage",
    ),
    Category(
        *("bookshelf", "furniture", (0.7, 1.4), (0.26, 0.36), (1.2, 2.1), _WOODS),
        *(("wood", "metal"), ("narrow", "wide")),
        supports=True,
        hypernym="shelf",
    ),
    Category(
        *("cabinet", "furniture", (0.7, 1.6), (0.4, 0.62), (0.7, 1.0), _PAINTS),
        *(("wood", "metal"), ("plain", "with handles"), ("opening",)),
        supports=True,
        contains=True,
        hypernym="storage",
    ),
    Category(
        *("dresser", "furniture", (0.7, 1.3), (0.4, 0.52), (0.75, 1.1), _PAINTS),
        *(("wood",), ("three drawers", "four drawers"), ("opening",)),
        supports=True,
        hypernym="storage",
    ),
    Category(
        *("tv cabinet", "furniture", (1.2, 2.0), (0.36, 0.48), (0.38, 0.58), _WOODS),
        *(("wood",), ("closed front", "open front")),
        supports=True,
        hypernym="storage",
    ),
    # appliances and sanitary ware
    Category(
        *("fridge", "furniture", (0.58, 0.9), (0.6, 0.72), (1.5, 1.95)),
        *(("silver", "white", "black", "red", "blue"), ("metal",)),
        *(("two doors", "one door"), ("opening",)),
        supports=True,
        contains=True,
    ),
    Category(
        *("stove", "furniture", (0.58, 0.65), (0.58, 0.64), (0.85, 0.92)),
        *(("white", "black", "silver"), ("metal",), ("plain",), ("power",)),
        supports=True,
    ),
    Category(
        *("washing machine", "furniture", (0.58, 0.62), (0.55, 0.62), (0.84, 0.88)),
        *(("white", "silver", "black"), ("metal",), ("plain",), ("opening",)),
        supports=True,
    ),
    Category(
        *("toilet", "furniture", (0.38, 0.44), (0.62, 0.72), (0.72, 0.85)),
        *(("white", "beige", "black"), ("ceramic",), ("plain",), ("opening",)),
    ),
    Category(
        *("bathtub", "furniture", (1.4, 1.75), (0.7, 0.8), (0.5, 0.6)),
        *(("white", "beige", "black"), ("ceramic",), ("rectangular", "rounded")),
    ),
    # standing on the floor, with no place at a wall
    Category(
        *("floor lamp", "furniture", (0.3, 0.5), (0.3, 0.5), (1.35, 1.8)),
        *(("white", "black", "beige", "red", "yellow", "silver"), ("metal", "wood")),
        *(("conical shade", "drum shade", "globe"), ("power",)),
        hypernym="lamp",
    ),
    Category(
        *("plant", "furniture", (0.35, 0.7), (0.35, 0.7), (0.4, 1.5), ("green",)),
        *(("leaves",), ("bushy", "tall", "broad-leaved")),
        parents=("table", "cabinet", "desk", "tv cabinet", "dresser", "dining table"),
    ),
)

_WALL = (
    Category(
        *("door", "wall", (0.8, 1.0), (0.06, 0.1), (1.95, 2.15), _PAINTS),
        *(("wood",), ("panelled", "plain"), ("opening",)),
    ),
    Category(
        *("window", "wall", (0.8, 1.8), (0.08, 0.12), (0.9, 1.4)),
        *(("white", "black", "brown", "grey"), ("glass",), ("two panes", "four panes")),
        ("opening",),
    ),
    Category(
        *("curtain", "wall", (0.9, 2.2), (0.06, 0.12), (1.6, 2.3), _FABRICS),
        *(("fabric",), ("plain", "striped"), ("opening",)),
    ),
    Category(
        *("picture", "wall", (0.35, 1.0), (0.03, 0.05), (0.3, 0.8)),
        *(_BRIGHT, ("paper",), ("rectangular", "square")),
    ),
    Category(
        *("mirror", "wall", (0.4, 0.8), (0.03, 0.05), (0.6, 1.2)),
        *(("silver", "black", "white", "brown"), ("glass",), ("rectangular", "round")),
    ),
    Category(
        *("clock", "wall", (0.24, 0.4), (0.04, 0.06), (0.24, 0.4)),
        *(("white", "black", "red", "yellow", "blue", "green"), ("plastic",)),
        ("round", "square"),
    ),
    Category(
        *("cupboard", "wall", (0.7, 1.4), (0.3, 0.4), (0.5, 0.75), _PAINTS),
        *(("wood",), ("plain", "with handles"), ("opening",)),
        contains=True,
        hypernym="storage",
    ),
    Category(
        *("radiator", "wall", (0.6, 1.2), (0.08, 0.12), (0.5, 0.65)),
        *(("white", "grey", "black"), ("metal",)),
    ),
    Category(
        *("sink", "wall", (0.45, 0.62), (0.38, 0.5), (0.16, 0.24)),
        *(("white", "silver", "black", "beige"), ("ceramic", "metal"), ("rectangular", "round")),
    ),
    Category(
        *("towel", "wall", (0.3, 0.55), (0.05, 0.08), (0.45, 0.8)),
        *(("white", "red", "blue", "green", "yellow", "pink", "purple", "orange"), ("fabric",)),
    ),
)


def _small(
    name: str,
    width: Range,
    depth: Range,
    height: Range,
    colors: tuple[str, ...],
    materials: tuple[str, ...],
    shapes: tuple[str, ...] = ("plain",),
    *,
    states: tuple[str, ...] = (),
    parents: tuple[str, ...] = _TOPS,
    graspable: bool = True,
    contains: bool = False,
    supports: bool = False,
    hypernym: str = "",
) -> Category:
    return Category(
        *(name, "small", width, depth, height, colors, materials, shapes, states),
        *(supports, contains, graspable, hypernym, parents),
    )


_KITCHEN_TOPS = ("counter", "dining table", "table", "cabinet")
_DISHES = (*_KITCHEN_TOPS, "coffee table", "desk", "nightstand", "cupboard")
_SMALL = (
    # on counters
    _small(
        *("microwave", (0.44, 0.54), (0.34, 0.42), (0.26, 0.32), _APPLIANCE, ("metal",)),
        states=("opening",),
        parents=("counter", "fridge", "cabinet", "table"),
        graspable=False,
        contains=True,
    ),
    _small(
        *("coffee machine", (0.24, 0.32), (0.28, 0.38), (0.3, 0.4), _APPLIANCE),
        *(("plastic", "metal"), ("boxy", "with jug")),
        parents=("counter", "cabinet", "table"),
        graspable=False,
    ),
    _small(
        *("kettle", (0.17, 0.22), (0.15, 0.18), (0.2, 0.27), _APPLIANCE, ("metal", "plastic")),
        parents=("counter", "table", "cabinet"),
    ),
    _small(
        *("toaster", (0.28, 0.36), (0.17, 0.22), (0.18, 0.22), _APPLIANCE, ("metal",)),
        parents=("counter", "cabinet"),
    ),
    _small(
        *("pan", (0.42, 0.52), (0.24, 0.3), (0.06, 0.1), ("black", "silver", "red"), ("metal",)),
        parents=("stove", "counter", "dining table", "table"),
    ),
    # electronics
    _small(
        *("tv", (0.9, 1.5), (0.14, 0.22), (0.58, 0.9), ("black", "silver"), ("plastic",)),
        states=("power",),
        parents=("tv cabinet", "cabinet", "dresser"),
        graspable=False,
        hypernym="screen",
    ),
    _small(
        *("monitor", (0.48, 0.7), (0.16, 0.22), (0.4, 0.52), _SCREEN, ("plastic",)),
        states=("power",),
        parents=("desk", "table"),
        graspable=False,
        hypernym="screen",
    ),
    _small(
        *("laptop", (0.31, 0.38), (0.22, 0.27), (0.2, 0.25), (*_SCREEN, "grey"), ("metal",)),
        states=("opening", "power"),
        parents=("desk", "dining table", "coffee table", "table"),
    ),
    _small(
        *("keyboard", (0.38, 0.46), (0.13, 0.17), (0.025, 0.04), ("black", "white", "grey")),
        *(("plastic",),),
        parents=("desk",),
    ),
    _small(
        *("printer", (0.4, 0.5), (0.34, 0.42), (0.2, 0.3), ("white", "black", "grey")),
        *(("plastic",),),
        parents=("desk", "cabinet", "table"),
        graspable=False,
    ),
    _small(
        *("speaker", (0.14, 0.22), (0.16, 0.24), (0.26, 0.4), ("black", "brown", "white")),
        *(("wood", "plastic"),),
        parents=("tv cabinet", "desk", "bookshelf", "dresser"),
    ),
    _small(
        *(
            "remote control",
            (0.05, 0.065),
            (0.16, 0.22),
            (0.022, 0.032),
            ("black", "grey", "white"),
        ),
        *(("plastic",),),
        parents=("coffee table", "tv cabinet", "nightstand", "sofa", "table", "desk"),
    ),
    _small(
        *("gamepad", (0.15, 0.18), (0.1, 0.13), (0.04, 0.06)),
        *(("black", "white", "red", "blue", "green", "purple"), ("plastic",)),
        parents=("coffee table", "tv cabinet", "desk", "dining table"),
    ),
    _small(
        *("lamp", (0.18, 0.34), (0.18, 0.34), (0.34, 0.6)),
        *(("black", "white", "red", "yellow", "green", "blue", "silver", "beige"),),
        *(("metal", "plastic", "ceramic"), ("with shade", "with arm", "globe")),
        states=("power",),
        parents=("desk", "nightstand", "table", "dresser", "cabinet"),
    ),
    # dishes and food
    _small(
        *("mug", (0.1, 0.13), (0.08, 0.1), (0.085, 0.11), (*_BRIGHT, "brown"), ("ceramic",)),
        ("with handle",),
        states=("pose",),
        hypernym="cup",
        parents=_DISHES,
    ),
    _small(
        *("cup", (0.075, 0.095), (0.075, 0.095), (0.11, 0.15), _BRIGHT, ("paper", "plastic")),
        ("tapered",),
        states=("pose",),
        parents=_DISHES,
    ),
    _small(
        *("bottle", (0.065, 0.095), (0.065, 0.095), (0.22, 0.32)),
        *(("green", "blue", "white", "red", "brown", "black", "yellow"), ("glass", "plastic")),
        ("round shoulders", "long neck"),
        states=("pose",),
        parents=(*_DISHES, "fridge"),
    ),
    _small(
        *("bowl", (0.15, 0.26), (0.15, 0.26), (0.06, 0.11), _BRIGHT, ("ceramic", "metal")),
        ("round",),
        parents=_DISHES,
    ),
    _small(
        *("plate", (0.2, 0.28), (0.2, 0.28), (0.022, 0.032), _BRIGHT, ("ceramic",), ("round",)),
        parents=_KITCHEN_TOPS,
    ),
    _small(
        *("apple", (0.07, 0.09), (0.07, 0.09), (0.07, 0.09), ("red", "green", "yellow")),
        *(("fruit",), ("round",)),
        parents=(*_KITCHEN_TOPS, "coffee table", "desk", "bowl", "plate"),
    ),
    # paper, textiles, things that lie about
    _small(
        *("book", (0.13, 0.2), (0.18, 0.26), (0.025, 0.055)),
        *((*_BRIGHT, "brown"), ("paper",), ("lying", "standing")),
        states=("opening",),
        parents=(*_TABLES, "bookshelf", "nightstand", "sofa", "bed", "dresser", "cabinet"),
    ),
    _small(
        *("magazine", (0.2, 0.24), (0.26, 0.31), (0.018, 0.03), _BRIGHT, ("paper",), ("flat",)),
        parents=("coffee table", "dining table", "desk", "table", "nightstand", "sofa"),
    ),
    _small(
        *("box", (0.2, 0.5), (0.18, 0.42), (0.12, 0.38), ("light brown", *_BRIGHT)),
        *(("cardboard", "plastic"), ("rectangular", "cubic")),
        states=("opening",),
        parents=(*_TABLES, "bookshelf", "cabinet", "wardrobe"),
        contains=True,
    ),
    _small(
        *("vase", (0.11, 0.18), (0.11, 0.18), (0.2, 0.38), _BRIGHT, ("ceramic", "glass")),
        ("bulbous", "slim"),
        parents=(*_TABLES, "cabinet", "dresser", "tv cabinet", "bookshelf"),
    ),
    _small(
        *("cushion", (0.38, 0.48), (0.14, 0.2), (0.36, 0.45), _FABRICS, ("fabric",)),
        ("square",),
        parents=("sofa", "armchair", "bed", "chair"),
    ),
    _small(
        *("pillow", (0.5, 0.7), (0.34, 0.44), (0.12, 0.18)),
        *(("white", "blue", "grey", "pink", "beige", "green", "yellow"), ("fabric",)),
        parents=("bed",),
    ),
    _small(
        *("basket", (0.3, 0.45), (0.28, 0.42), (0.25, 0.45), ("brown", "light brown", "white")),
        *(("wicker",), ("round", "rectangular")),
        parents=(),
        contains=True,
    ),
    _small(
        *("trash can", (0.24, 0.36), (0.24, 0.36), (0.3, 0.6)),
        *(("black", "white", "silver", "grey", "green", "blue", "red"), ("plastic", "metal")),
        ("round", "square"),
        parents=(),
        contains=True,
    ),
    _small(
        *("backpack", (0.28, 0.36), (0.18, 0.26), (0.4, 0.5), _BRIGHT, ("fabric",)),
        parents=("chair", "sofa"),
    ),
    _small(
        *("ball", (0.16, 0.26), (0.16, 0.26), (0.16, 0.26)),
        *(("red", "orange", "yellow", "green", "blue", "white", "purple", "pink"), ("rubber",)),
        *(("plain", "striped"),),
        parents=(),
    ),
)

_REGIONS = (
    Category(
        *("counter", "furniture", (0.8, 3.2), (0.58, 0.66), (0.05, 0.16)),
        *(("black", "grey", "white", "light brown", "brown"), ("stone", "wood")),
        ("plain", "with backsplash"),
        supports=True,
        parents=("cabinet",),
    ),
    Category(
        *("rug", "region", (1.0, 2.6), (0.8, 1.9), (0.015, 0.025)),
        *(_FABRICS, ("fabric",), ("rectangular", "round", "striped")),
    ),
    Category(
        *("puddle", "region", (0.3, 0.7), (0.25, 0.6), (0.012, 0.02)),
        *(("blue",), ("water",), ("irregular",)),
    ),
)

CATEGORIES: dict[str, Category] = {
    category.name: category for category in (*_FURNITURE, *_REGIONS, *_WALL, *_SMALL)
}


def held_out(category: str, color: str, room_type: str) -> bool:
    """Is this combination kept out of every training room?

    About one combination in twenty, by a hash that is the same on every machine. The first colour
    of a category is never held out, so each category stays possible in each room.
    """
    if CATEGORIES[category].colors[0] == color:
        return False
    return zlib.crc32(f"{category}|{color}|{room_type}".encode()) % 20 == 0
