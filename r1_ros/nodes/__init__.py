"""The nodes: thin lifecycle nodes over the plain functions of this package."""
