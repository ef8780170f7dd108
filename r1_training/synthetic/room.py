"""A synthetic room from a seed."""

from __future__ import annotations

from r1_training.synthetic.elements import Lights, Primitives, Room, RoomObject

__all__ = ["Lights", "Primitives", "Room", "RoomObject"]
