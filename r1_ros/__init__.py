"""Everything that speaks ROS: nodes, conversions, transforms, client, recordings, command line.

The generated interfaces (`r1_ros.msg`, `.srv`, `.action`) share this package's name. With colcon
they are installed into the same folder; in a source tree they lie in the environment's
site-packages, and `extend_path` joins the two. The clients are imported when they are
first used.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import extend_path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from r1_ros.client import AsyncR1Client, R1Client

__path__ = extend_path(__path__, __name__)
_EXPORTS = {
    "AsyncR1Client": "r1_ros.client",
    "R1Client": "r1_ros.client",
}
__all__ = ["AsyncR1Client", "R1Client"]


def __getattr__(name: str) -> object:
    """Import what is asked for, and only that (PEP 562)."""
    if name not in _EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_EXPORTS[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
