"""Readers of the field's files. Every reader streams `Sample`s and keeps held-out scenes away."""
