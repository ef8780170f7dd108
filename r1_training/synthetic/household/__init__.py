"""Rooms of real meshes: their categories, the pack of meshes, the rasteriser, the rooms."""
