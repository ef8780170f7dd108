"""Poses for recordings that have none."""
