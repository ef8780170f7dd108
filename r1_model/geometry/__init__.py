"""Poses, pinhole cameras and boxes. Pure functions."""
