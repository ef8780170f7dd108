"""`open3d` without its machine-learning half, which pulls in scikit-learn and pandas.

That half is two thirds of the time that `import open3d` takes, so of the start of scene_mapper,
and nothing here uses it. Who imports `open3d.ml` after this gets the real one.
"""

from __future__ import annotations

import os
import sys
from types import ModuleType

# OpenMP's threads spin while they wait for each other. On a robot's few cores they take the time
# that the camera driver and the middleware need: 20 % of the frames were lost on two busy cores.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

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
