"""Training rooms of primitives and of meshes, mixed; the seed says which a room is of."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from r1_training.synthetic.household.pack import MeshPack, load_pack
from r1_training.synthetic.household.rooms import make_household_room
from r1_training.synthetic.rooms.elements import Room
from r1_training.synthetic.rooms.room import make_room


@dataclass(frozen=True)
class RoomMix:
    """Where rooms come from.

    Attributes:
        pack: of meshes; None for rooms of primitives alone.
        of_meshes: share of the rooms that are of meshes, where there is a pack.
    """

    pack: MeshPack | None = None
    of_meshes: float = 1.0

    @classmethod
    def load(cls, meshes: str | Path | None, of_meshes: float = 1.0) -> RoomMix:
        """With the pack of a file of `r1 prepare meshes`, or None.

        Raises:
            MeshPackError: the file cannot be used.
        """
        return cls(None if meshes is None else load_pack(Path(meshes)), of_meshes)

    def room(self, seed: int, split: str) -> Room:
        """The room of a seed, see `make_room` and `make_household_room`; its number says, too,
        how many rooms a map of meshes covers.
        """
        if self.pack is None or np.random.default_rng([seed, 3]).random() >= self.of_meshes:
            return make_room(seed, split)
        return make_household_room(seed, self.pack, split, rooms=None)


PRIMITIVES = RoomMix()
