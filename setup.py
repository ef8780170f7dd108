"""For tools that still start here (colcon, old pip); everything is said in pyproject.toml."""

from setuptools import setup

setup()
