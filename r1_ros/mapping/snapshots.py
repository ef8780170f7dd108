"""Saved scenes by name, in the folder that a node is allowed to write."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from r1_model.errors import R1Error
from r1_model.scene.scene import Scene
from r1_model.scene.storage import load_scene, save_scene

_AUTOMATIC = ".autosave"  # no client can give this name: it starts with a dot
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}")


class InvalidNameError(R1Error, ValueError):
    """A name could be a path, or is too long."""


class Snapshots:
    """Scenes in sub-folders of `folder`. Names come from clients: they are never paths.

    The automatic snapshot is one more scene there, which has no name for clients.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, name: str) -> Path:
        """Folder of the scene `name`.

        Raises:
            InvalidNameError: not 1 to 64 letters, digits, '.', '_' or '-', or it starts with '.'.
        """
        if not _NAME.fullmatch(name):
            raise InvalidNameError(
                f"{name[:80]!r} is no name: 1 to 64 letters, digits, '.', '_' or '-', "
                "not starting with '.'"
            )
        return self._folder / name

    def save(self, name: str, scene: Scene) -> None:
        """See `r1_model.scene.storage.save_scene`; raises InvalidNameError too."""
        save_scene(scene, self.path(name))

    def load(self, name: str) -> Scene:
        """See `r1_model.scene.storage.load_scene`; raises InvalidNameError too."""
        return load_scene(self.path(name))

    def save_automatic(self, scene: Scene) -> None:
        """Replace the automatic snapshot; see `r1_model.scene.storage.save_scene`."""
        save_scene(scene, self._folder / _AUTOMATIC)

    def load_automatic(self) -> Scene:
        """The automatic snapshot; see `r1_model.scene.storage.load_scene`."""
        return load_scene(self._folder / _AUTOMATIC)

    def remove_automatic(self) -> None:
        """Delete the automatic snapshot; nothing happens where there is none."""
        shutil.rmtree(self._folder / _AUTOMATIC, ignore_errors=True)
