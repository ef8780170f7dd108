"""What our categories are in ScanNet: names, NYU40 ids, and the label table that says so.

Ids are those of ScanNet's own table where it has the category, else of what is most alike.
"""

from __future__ import annotations

from pathlib import Path

# NYU40's own spelling is kept: readers compare names with it.
NYU40_NAMES = {
    1: "wall",
    2: "floor",
    3: "cabinet",
    4: "bed",
    5: "chair",
    6: "sofa",
    7: "table",
    8: "door",
    9: "window",
    10: "bookshelf",
    11: "picture",
    12: "counter",
    14: "desk",
    16: "curtain",
    17: "dresser",
    18: "pillow",
    19: "mirror",
    22: "ceiling",
    23: "books",
    24: "refridgerator",
    25: "television",
    27: "towel",
    29: "box",
    32: "night stand",
    33: "toilet",
    34: "sink",
    35: "lamp",
    36: "bathtub",
    38: "otherstructure",
    39: "otherfurniture",
    40: "otherprop",
}
OTHER_PROP = 40
NYU40_BY_CATEGORY = {
    "wall": 1,
    "floor": 2,
    "ceiling": 22,
    "sofa": 6,
    "armchair": 5,
    "chair": 5,
    "office chair": 5,
    "dining table": 7,
    "coffee table": 7,
    "table": 7,
    "desk": 14,
    "bed": 4,
    "nightstand": 32,
    "wardrobe": 39,
    "bookshelf": 10,
    "cabinet": 3,
    "tv cabinet": 3,
    "cupboard": 3,
    "dresser": 17,
    "fridge": 24,
    "stove": 38,
    "washing machine": 39,
    "toilet": 33,
    "bathtub": 36,
    "floor lamp": 35,
    "lamp": 35,
    "counter": 12,
    "door": 8,
    "window": 9,
    "curtain": 16,
    "picture": 11,
    "mirror": 19,
    "radiator": 39,
    "sink": 34,
    "towel": 27,
    "tv": 25,
    "book": 23,
    "box": 29,
    "cushion": 18,
    "pillow": 18,
    "trash can": 39,
}
_COLUMNS = ("id", "raw_category", "category", "count", "nyu40id", "nyuClass", "nyu40class")


def nyu40_id(category: str) -> int:
    """The NYU40 id of one of our categories; what ScanNet has no class for is a prop."""
    return NYU40_BY_CATEGORY.get(category, OTHER_PROP)


def write_label_table(path: Path, categories: list[str]) -> None:
    """ScanNet's label table (`scannetv2-labels.combined.tsv`) for these categories."""
    rows = ["\t".join(_COLUMNS)]
    for number, category in enumerate(("wall", "floor", "ceiling", *categories), 1):
        nyu40 = nyu40_id(category)
        name = NYU40_NAMES[nyu40]
        rows.append(f"{number}\t{category}\t{category}\t1\t{nyu40}\t{name}\t{name}")
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
