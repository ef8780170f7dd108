"""Procedural rooms, their exact annotations, and the ray tracer that makes RGB-D views."""
