"""`open3d` without its machine-learning half, which pulls in scikit-learn and pandas.

That half is two thirds of the time that `import open3d` takes, so of the start of scene_mapper,
and nothing here uses it. Who imports `open3d.ml` after this gets the real one.
"""

from __future__ import annotations

import sys
from types import ModuleType

if "open3d" not in sys.modules:
    _absent = sys.modules.setdefault("open3d.ml", ModuleType("open3d.ml"))
    try:
        import open3d
    finally:
        if sys.modules.get("open3d.ml") is _absent:
            del sys.modules["open3d.ml"]

import open3d
import open3d.core as o3c

__all__ = ["o3c", "open3d"]
