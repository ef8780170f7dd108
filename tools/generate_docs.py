"""Write what follows from the code: config/scene_understanding.yaml, and in docs/interfaces.md
everything between `<!-- generated: NAME -->` and `<!-- end -->`.

A test holds both files against this program: run it after changing a parameter or an interface.
"""

from __future__ import annotations

import dataclasses
import re
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from r1_ros.configuration.parameter_schema import parameter_table  # noqa: E402
from r1_ros.configuration.parameters import CONFIGS, CameraConfig  # noqa: E402

PARAMETERS_FILE = ROOT / "config" / "scene_understanding.yaml"
INTERFACES_FILE = ROOT / "docs" / "interfaces.md"
_BLOCK = re.compile(r"(<!-- generated: (.+?) -->\n).*?(<!-- end -->)", re.DOTALL)


def parameters_yaml() -> str:
    """The parameter file: every parameter of every node with its default and meaning."""
    lines = [
        "# Parameters of r1_ros, with their defaults. Written by tools/generate_docs.py.",
        "# `/**/NODE` holds in every namespace.",
    ]
    for node, config in CONFIGS.items():
        lines += ["", f"/**/{node}:", "  ros__parameters:"]
        for spec in dataclasses.fields(config):
            rules = spec.metadata
            meaning = rules["description"]
            if rules["choices"]:
                meaning += f" One of {', '.join(rules['choices'])}."
            if rules["low"] is not None or rules["high"] is not None:
                meaning += f" Range {_bound(rules['low'])} to {_bound(rules['high'])}."
            lines += textwrap.wrap(meaning, 94, initial_indent="    # ", subsequent_indent="    # ")
            lines.append(f"    {spec.name}: {_yaml_value(spec.default)}")
    return "\n".join(lines) + "\n"


def interfaces_markdown(text: str) -> str:
    """`text` of docs/interfaces.md with its generated blocks written anew.

    Raises:
        KeyError: a block has a name that nothing generates.
    """
    blocks = {f"parameters {node}": parameter_table(config) for node, config in CONFIGS.items()}
    blocks["parameters of a camera"] = parameter_table(CameraConfig, "NAME.")
    for folder in ("msg", "srv", "action"):
        files = sorted((ROOT / folder).glob(f"*.{folder}"))
        blocks[folder] = "\n\n".join(
            f"### {file.stem}\n```\n{file.read_text().strip()}\n```" for file in files
        )
    return _BLOCK.sub(lambda match: f"{match[1]}{blocks[match[2]]}\n{match[3]}", text)


def _bound(value: float | None) -> str:
    return "any" if value is None else f"{value:g}"


def _yaml_value(value: bool | int | float | str) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    return str(value)


def main() -> None:
    """Write both files."""
    PARAMETERS_FILE.write_text(parameters_yaml())
    INTERFACES_FILE.write_text(interfaces_markdown(INTERFACES_FILE.read_text()))


if __name__ == "__main__":
    main()
