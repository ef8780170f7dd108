"""Procedural rooms with exact annotations."""
