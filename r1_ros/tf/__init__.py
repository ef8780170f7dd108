"""Transforms: a buffer, tf2's where it is installed, and the listener that fills either."""
