"""YAML files of settings: one mapping, every key once, and errors of one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml


class YamlFileError(ValueError):
    """A file cannot be read as YAML; the message names it, the line and what stands there."""


def read_yaml(path: Path) -> Any:
    """The value of a YAML file; None where it is empty.

    Raises:
        YamlFileError: cannot be opened, not UTF-8, no YAML, or a key comes twice in one mapping.
    """
    try:
        return yaml.load(path.read_text(encoding="utf-8-sig"), _Loader)
    except OSError as error:
        raise YamlFileError(f"{path}: cannot be opened: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise YamlFileError(f"{path}: not UTF-8: {error}") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{path}:{mark.line + 1}" if mark else f"{path}"
        what = " ".join(filter(None, (error.context, error.problem)))
        raise YamlFileError(f"{where}: {what}") from error
    except RecursionError as error:
        raise YamlFileError(f"{path}: brackets are nested too deeply") from error
    # of characters that YAML has not, and of numbers and dates that Python has not
    except (yaml.YAMLError, ValueError) as error:
        raise YamlFileError(f"{path}: {' '.join(str(error).split())}") from error


class _Loader(yaml.SafeLoader):
    """As `safe_load`, but a key that comes twice is no silent choice of the last."""

    # Composed, not yet merged: what `<<` brings may be set anew.
    def compose_mapping_node(self, anchor: str | None) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                raise yaml.composer.ComposerError(
                    None, None, f"the key {key.value!r:.60} comes twice", key.start_mark
                )
            seen |= {key.value} if isinstance(key, yaml.ScalarNode) else set()
        return node
