"""Rooms of real meshes: their categories, the pack, the rooms, their sensors; `drawing`."""
