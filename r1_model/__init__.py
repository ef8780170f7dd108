"""Everything that thinks: scene, model, point operators, view selection, grammar.

No ROS. The names below are imported when they are first used: `import r1_model` costs no
torch, and only `Reasoner` needs it.
"""

from __future__ import annotations

import logging
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from r1_model.reasoner import Reasoner
    from r1_model.scene.scene import Scene, View
    from r1_model.text.answer import Answer, Box

_EXPORTS = {
    "Answer": "r1_model.text.answer",
    "Box": "r1_model.text.answer",
    "Reasoner": "r1_model.reasoner",
    "Scene": "r1_model.scene.scene",
    "View": "r1_model.scene.scene",
}
# transformers imports torchao where it is installed, and that says what only its authors can mend
logging.getLogger("torch.utils._pytree").setLevel(logging.ERROR)
__all__ = ["Answer", "Box", "Reasoner", "Scene", "View"]


def __getattr__(name: str) -> object:
    """Import what is asked for, and only that (PEP 562)."""
    if name not in _EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_EXPORTS[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
