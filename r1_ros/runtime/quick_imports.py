"""Import large libraries in half the time: a node that was killed is back sooner."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType


@contextmanager
def quick_imports(without: Sequence[str] = ()) -> Iterator[None]:
    """Imports in this context do without optional packages and without garbage collection.

    torch and transformers make millions of objects that all stay: looking through them again and
    again takes as long as the imports themselves. Afterwards they are left out of collections for
    good (`gc.freeze`), which shortens the pauses of everything that runs later.

    Args:
        without: packages that libraries import where they find them, and that nobody needs here;
            those that are imported already stay. Later imports find them again.
    """
    absent = [name for name in without if name not in sys.modules]
    modules: dict[str, ModuleType | None] = sys.modules  # type: ignore[assignment]  # None: absent
    modules |= dict.fromkeys(absent)
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        for name in absent:
            if modules.get(name) is None:
                modules.pop(name, None)
        gc.freeze()
        if collecting:
            gc.enable()
