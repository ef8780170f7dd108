"""The vocabulary of rooms of meshes: the categories of all rooms, and those that need a mesh."""

from __future__ import annotations

from r1_training.synthetic.household.words import UNKNOWN_OBJECT
from r1_training.synthetic.rooms.catalog import CATEGORIES
from r1_training.synthetic.rooms.category import Category

_TABLES = ("dining table", "coffee table", "table", "desk")
_TOPS = (*_TABLES, "counter", "cabinet", "dresser", "tv cabinet", "nightstand", "bookshelf")
_FOOD = ("counter", "dining table", "coffee table", "table", "cabinet", "tray", "plate", "bowl")
_KITCHEN = ("counter", "dining table", "table", "cabinet", "stove", "bookshelf")
_DESK = ("desk", "table", "coffee table", "dining table", "bookshelf", "cabinet", "filing cabinet")
_PLACES = (*_TOPS, "bed", "sofa", "armchair", "bench", "ottoman", "chest", "piano", "stool")
_COLORS = (
    *("white", "black", "grey", "silver", "red", "orange", "yellow", "green", "blue", "purple"),
    *("pink", "brown", "light brown", "dark brown", "beige"),
)
_MATERIALS = ("plastic", "metal", "wood", "fabric", "ceramic", "glass", "paper")


def _rows(kind: str, parents: tuple[str, ...], graspable: bool, *rows: tuple) -> list[Category]:
    return [
        Category(
            *(name, kind, width, depth, height, _COLORS, _MATERIALS),
            supports=name in _SUPPORTS,
            contains=name in _CONTAINS,
            graspable=graspable,
            parents=parents,
            hypernym=_HYPERNYMS.get(name, ""),
        )
        for name, width, depth, height in rows
    ]


_SUPPORTS = {"bench", "ottoman", "piano", "filing cabinet", "chest", "safe", "tray"}
_SUPPORTS.add("cutting board")
_CONTAINS = {"oven"}
_HYPERNYMS = {"bench": "seat", "ceiling lamp": "lamp", "wall lamp": "lamp", "glass": "cup"}

_ADDED = [
    *_rows(
        *("furniture", (), False),
        ("bench", (0.5, 1.6), (0.3, 0.6), (0.38, 0.6)),
        ("ottoman", (0.4, 0.95), (0.4, 0.95), (0.35, 0.6)),
        ("piano", (1.2, 1.6), (0.5, 1.8), (0.9, 1.8)),
        ("oven", (0.45, 0.65), (0.45, 0.65), (0.35, 1.1)),
        ("crib", (0.6, 0.85), (0.8, 1.3), (0.7, 1.15)),
        ("bunk bed", (0.95, 1.35), (1.95, 2.6), (1.5, 2.0)),
        ("filing cabinet", (0.38, 0.5), (0.45, 0.65), (0.55, 1.3)),
        ("whiteboard", (0.9, 1.6), (0.1, 0.6), (0.9, 1.6)),
        ("fireplace", (1.0, 1.5), (0.3, 0.6), (0.9, 1.4)),
        ("suitcase", (0.4, 0.9), (0.2, 0.35), (0.45, 0.75)),
        ("clothes rack", (0.6, 1.2), (0.35, 1.0), (0.8, 1.6)),
        ("ladder", (0.4, 0.65), (0.5, 0.85), (0.8, 1.9)),
        ("safe", (0.4, 0.6), (0.4, 0.6), (0.4, 0.7)),
        ("water cooler", (0.26, 0.36), (0.28, 0.4), (0.95, 1.35)),
        ("shower", (0.75, 1.2), (0.75, 1.2), (1.8, 2.15)),
        ("bidet", (0.35, 0.42), (0.5, 0.62), (0.38, 0.55)),
        ("exercise machine", (0.55, 0.95), (0.9, 2.0), (0.8, 1.55)),
        ("chest", (0.7, 1.45), (0.4, 0.6), (0.32, 0.85)),
    ),
    *_rows(
        *("wall", (), False),
        ("ceiling lamp", (0.25, 0.9), (0.1, 0.9), (0.08, 0.9)),
        ("wall lamp", (0.08, 0.35), (0.1, 0.35), (0.1, 0.55)),
        ("socket", (0.07, 0.17), (0.01, 0.04), (0.07, 0.12)),
        ("light switch", (0.07, 0.17), (0.01, 0.04), (0.07, 0.12)),
        ("blind", (0.5, 1.3), (0.03, 0.1), (0.6, 1.3)),
        ("towel rack", (0.4, 0.7), (0.06, 0.2), (0.08, 0.55)),
        ("air conditioner", (0.7, 1.0), (0.18, 0.26), (0.25, 0.33)),
        ("range hood", (0.5, 1.0), (0.3, 0.55), (0.14, 0.55)),
    ),
    *_rows(
        *("small", _KITCHEN, True),
        ("can", (0.06, 0.12), (0.05, 0.12), (0.03, 0.13)),
        ("canister", (0.07, 0.18), (0.07, 0.18), (0.1, 0.26)),
        ("glass", (0.06, 0.15), (0.06, 0.12), (0.08, 0.22)),
        ("fork", (0.018, 0.22), (0.018, 0.22), (0.008, 0.03)),
        ("spoon", (0.02, 0.22), (0.02, 0.22), (0.008, 0.035)),
        ("knife", (0.014, 0.3), (0.014, 0.3), (0.006, 0.03)),
        ("teapot", (0.16, 0.26), (0.11, 0.2), (0.12, 0.24)),
        ("pitcher", (0.11, 0.22), (0.1, 0.2), (0.16, 0.28)),
        ("tray", (0.28, 0.45), (0.22, 0.35), (0.03, 0.08)),
        ("cutting board", (0.28, 0.45), (0.2, 0.32), (0.015, 0.05)),
        ("pot", (0.2, 0.5), (0.18, 0.4), (0.12, 0.34)),
        ("paper towel", (0.11, 0.18), (0.11, 0.18), (0.2, 0.32)),
        ("carton", (0.05, 0.23), (0.03, 0.2), (0.03, 0.24)),
    ),
    *_rows(
        *("small", _KITCHEN, False),
        ("knife block", (0.08, 0.4), (0.04, 0.3), (0.18, 0.38)),
        ("scale", (0.14, 0.3), (0.14, 0.3), (0.02, 0.3)),
    ),
    *_rows(
        *("small", _FOOD, True),
        ("banana", (0.06, 0.21), (0.06, 0.21), (0.03, 0.05)),
        ("orange fruit", (0.065, 0.085), (0.065, 0.085), (0.065, 0.085)),
        ("lemon", (0.045, 0.09), (0.045, 0.09), (0.045, 0.06)),
        ("pear", (0.06, 0.11), (0.06, 0.11), (0.06, 0.11)),
        ("peach", (0.055, 0.08), (0.055, 0.08), (0.055, 0.08)),
        ("bread", (0.15, 0.3), (0.09, 0.16), (0.07, 0.12)),
        ("cake", (0.055, 0.26), (0.055, 0.26), (0.06, 0.16)),
    ),
    *_rows(
        *("small", _DESK, True),
        ("scissors", (0.06, 0.2), (0.06, 0.21), (0.008, 0.025)),
        ("stapler", (0.025, 0.16), (0.02, 0.14), (0.02, 0.065)),
        ("pen", (0.009, 0.15), (0.009, 0.15), (0.008, 0.025)),
        ("pen holder", (0.06, 0.17), (0.06, 0.12), (0.08, 0.17)),
        ("phone", (0.05, 0.22), (0.07, 0.24), (0.008, 0.18)),
        ("tablet", (0.15, 0.26), (0.15, 0.26), (0.008, 0.02)),
        ("camera", (0.09, 0.15), (0.02, 0.17), (0.05, 0.12)),
        ("headphones", (0.15, 0.22), (0.15, 0.22), (0.06, 0.22)),
    ),
    *_rows(
        *("small", _PLACES, True),
        ("toy", (0.03, 0.35), (0.03, 0.35), (0.02, 0.2)),
        ("teddy bear", (0.2, 0.42), (0.16, 0.32), (0.2, 0.42)),
        ("bag", (0.22, 0.45), (0.08, 0.2), (0.16, 0.38)),
        ("hat", (0.22, 0.38), (0.25, 0.44), (0.1, 0.18)),
        ("clothes", (0.24, 0.45), (0.3, 0.5), (0.03, 0.14)),
        ("eyeglasses", (0.12, 0.18), (0.1, 0.18), (0.03, 0.06)),
        ("watch", (0.035, 0.07), (0.07, 0.25), (0.01, 0.07)),
        ("keys", (0.06, 0.13), (0.06, 0.13), (0.01, 0.035)),
        ("flashlight", (0.03, 0.06), (0.12, 0.2), (0.03, 0.06)),
        ("umbrella", (0.08, 0.4), (0.08, 0.4), (0.5, 0.9)),
    ),
    *_rows(
        *("small", (*_DESK, "counter", "chest", "dresser"), True),
        ("hammer", (0.12, 0.36), (0.1, 0.34), (0.02, 0.045)),
        ("screwdriver", (0.025, 0.27), (0.025, 0.22), (0.02, 0.045)),
        ("drill", (0.05, 0.24), (0.05, 0.28), (0.05, 0.27)),
        ("candle", (0.06, 0.15), (0.06, 0.15), (0.1, 0.45)),
    ),
    *_rows(
        *("small", ("counter", "sink", "cabinet", "table", "nightstand", "dresser"), True),
        ("sponge", (0.07, 0.12), (0.06, 0.12), (0.02, 0.1)),
        ("soap", (0.06, 0.12), (0.04, 0.09), (0.02, 0.05)),
        ("toothpaste", (0.14, 0.2), (0.03, 0.06), (0.025, 0.04)),
        ("toilet paper", (0.09, 0.14), (0.09, 0.14), (0.09, 0.14)),
    ),
    *_rows(
        *("small", _TOPS, False),
        ("fan", (0.24, 0.36), (0.18, 0.28), (0.3, 0.45)),
        ("radio", (0.25, 0.5), (0.08, 0.4), (0.12, 0.28)),
        ("game console", (0.28, 0.45), (0.24, 0.32), (0.05, 0.08)),
        ("aquarium", (0.5, 0.8), (0.28, 0.4), (0.35, 0.55)),
        ("picture frame", (0.12, 0.22), (0.04, 0.16), (0.15, 0.26)),
    ),
    *_rows(*("small", (), True), ("shoes", (0.2, 0.3), (0.24, 0.38), (0.08, 0.2))),
    *_rows(
        *("small", _PLACES, False),
        (UNKNOWN_OBJECT, (0.02, 0.8), (0.02, 0.8), (0.004, 1.6)),
    ),
]
ADDED: dict[str, Category] = {category.name: category for category in _ADDED}
# The categories of rooms of primitives come first: a model's class numbers stay what they are.
VOCABULARY: dict[str, Category] = CATEGORIES | ADDED
