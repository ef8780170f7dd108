"""ScanNet's label table (`scannetv2-labels.combined.tsv`) and the 18 classes of detection."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from r1_training.datasets.errors import FileFormatError
from r1_training.datasets.text_files import open_text

# NYU40 id of the classes that VoteNet, ScanRefer and Scan2Cap use; all other objects are "others".
CLASS_BY_NYU40 = {
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
    24: "refrigerator",
    28: "shower curtain",
    33: "toilet",
    34: "sink",
    36: "bathtub",
}
OTHERS = "others"
CLASSES = (*CLASS_BY_NYU40.values(), OTHERS)
# Wall, floor and ceiling are no objects; the table has ids above 40 for unlabelled things.
NO_OBJECTS = frozenset({1, 2, 22})
LAST_NYU40 = 40
MAX_DIGITS = 10  # of an id
_COLUMNS = ("raw_category", "nyu40id", "nyu40class")


@dataclass(frozen=True)
class LabelTable:
    """What ScanNet's raw category names mean.

    Attributes:
        nyu40: NYU40 id by raw category.
        classes: one of `CLASSES` by raw category.
    """

    nyu40: dict[str, int]
    classes: dict[str, str]

    def class_of(self, name: str) -> str:
        """The class of an object name as ScanRefer and Nr3D write it; `others` if unknown."""
        return self.classes.get(name.replace("_", " "), OTHERS)


def read_labels(path: Path) -> LabelTable:
    """Reads the label table.

    Raises:
        FileFormatError: cannot be opened, not UTF-8, columns missing, no row, or an id is not a
            number.
    """
    nyu40, classes = {}, {}
    try:
        with open_text(path, newline="") as file:
            reader = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
            missing = set(_COLUMNS) - set(reader.fieldnames or ())
            if missing:
                raise FileFormatError(path, f"columns are missing: {', '.join(sorted(missing))}", 1)
            for row in reader:
                number = row["nyu40id"] or ""
                if not (number.isascii() and number.isdecimal() and len(number) < MAX_DIGITS):
                    raise FileFormatError(path, f"`nyu40id` is {number!r}", reader.line_num)
                nyu40[row["raw_category"]] = int(number)
                name = (row["nyu40class"] or "").strip()
                classes[row["raw_category"]] = name if name in CLASSES else OTHERS
            if not nyu40:
                raise FileFormatError(path, "names no category: it holds its header alone")
    except UnicodeDecodeError as error:
        raise FileFormatError(path, f"not UTF-8: {error}") from error
    except csv.Error as error:
        raise FileFormatError(path, f"no table: {error}") from error
    return LabelTable(nyu40, classes)
