"""Rooms as the label tables of the dense decoder."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from r1_training.synthetic.household.catalog import VOCABULARY
from r1_training.synthetic.household.motifs import MOTIFS
from r1_training.synthetic.rooms.elements import Room
from r1_training.synthetic.rooms.palette import COLORS, MATERIALS

# One independent label per state axis: (axis, value that counts as 1).
STATES = {"on": ("power", "on"), "open": ("opening", "open")}
STATES |= {"messy": ("bedding", "messy"), "tipped": ("pose", "tipped")}
# And one for each print: no cloud tells, so a model that looks at pictures must have it from there.
PRINTS = {f"shows {motif}": motif for motif in MOTIFS}
NAMES = {
    "categories": list(VOCABULARY),
    "colors": list(COLORS),
    "materials": list(MATERIALS),
    "states": [*STATES, *PRINTS],
}
MAX_OBJECTS = 64


def label_tables(rooms: Sequence[Room], objects: int = MAX_OBJECTS) -> dict[str, np.ndarray]:
    """Boxes and labels of B rooms, padded to `objects` rows (rows follow the object ids).

    Returns:
        center, size (B, O, 3) float32 metres; category, color, material (B, O) int64, -1 padding;
        states (B, O, S) int64 1, 0, or -1 where not applicable: `STATES`, then `PRINTS`.

    Raises:
        ValueError: a room has more objects than rows.
    """
    count = len(rooms)
    tables: dict[str, np.ndarray] = {
        "center": np.zeros((count, objects, 3), np.float32),
        "size": np.ones((count, objects, 3), np.float32),
        "category": np.full((count, objects), -1, np.int64),
        "color": np.full((count, objects), -1, np.int64),
        "material": np.full((count, objects), -1, np.int64),
        "states": np.full((count, objects, len(NAMES["states"])), -1, np.int64),
    }
    rows = {kind: {name: i for i, name in enumerate(names)} for kind, names in NAMES.items()}
    for index, room in enumerate(rooms):
        if len(room.objects) > objects:
            raise ValueError(f"room {room.seed} has {len(room.objects)} objects, over {objects}")
        for row, thing in enumerate(room.objects):
            tables["center"][index, row] = thing.center
            tables["size"][index, row] = thing.size
            tables["category"][index, row] = rows["categories"][thing.category]
            tables["color"][index, row] = rows["colors"].get(thing.color, -1)
            tables["material"][index, row] = rows["materials"].get(thing.material, -1)
            for column, (axis, value) in enumerate(STATES.values()):
                if axis in thing.states:
                    tables["states"][index, row, column] = thing.states[axis] == value
            shown = [thing.motif == motif for motif in PRINTS.values()]
            tables["states"][index, row, len(STATES) :] = shown
    return tables
