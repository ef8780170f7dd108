"""What the reading of a question does to the questions that people wrote for other data sets.

    python benchmarks/real_questions.py FILE... [--foreign FILE...]

A FILE is JSON with texts under "question", "description" or "utterance", at any depth (ScanQA,
SQA3D, 3D-LLM, OpenEQA, ScanRefer), YAML with lists of `sentences` (home commands in 60 languages:
github.com/OHF-Voice/intents, tests/), or one text a line. Of each are counted: those refused as
another language, taken apart into several, answered as a courtesy, without their courtesies, and
clipped by what is read as a prohibition. Almost none of these people asked for two things, greeted
or forbade, so all of them are to be near zero. `--foreign` files are in other languages: counted is
what is not refused. The first ten of each are printed: they are to be looked at.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import yaml

from r1_model.asking.languages import understood
from r1_model.asking.several import several
from r1_model.plans.prohibitions.request import read_request
from r1_model.text.wording import plain_wording, social_reply, without_courtesies

KEYS = ("question", "description", "utterance", "sentences")
SHOWN = 10
_MARKS = ("### human:", "### assistant:")  # 3D-LLM's


def texts_of(path: Path) -> list[str]:
    """The texts of a file, each once."""
    text = path.read_text(encoding="utf-8-sig")
    if path.suffix == ".json":
        found: Iterator[str] = _under_keys(json.loads(text))
    elif path.suffix in (".yaml", ".yml"):
        found = _under_keys(yaml.safe_load(text))
    else:
        found = iter(text.splitlines())
    plain = (_without_marks(one).strip() for one in found)
    return list(dict.fromkeys(one for one in plain if one))


def _under_keys(value: object, wanted: bool = False) -> Iterator[str]:
    if isinstance(value, str) and wanted:
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _under_keys(item, wanted)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _under_keys(item, key in KEYS)


def _without_marks(text: str) -> str:
    for mark in _MARKS:
        text = text.replace(mark, " ")
    return text


def changes(text: str) -> Iterator[str]:
    """What the reading does to a text, by name."""
    if not understood(text):
        yield "refused"
        return
    plain = plain_wording(text)
    request = read_request(plain)
    if social_reply(plain) is not None:
        yield "courtesy alone"
    elif without_courtesies(plain) != plain:
        yield "courtesies taken off"
    if len(several(without_courtesies(request.allowed or plain))) > 1:
        yield "taken apart"
    if request.allowed != plain:
        yield "clipped"


def main() -> None:
    """Print a table and examples; the counts go into the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--foreign", nargs="*", type=Path, default=[])
    parser.add_argument("--json", type=Path, default=Path("output/real_questions.json"))
    options = parser.parse_args()
    table: dict[str, dict[str, int]] = {}
    for path in options.files:
        rows: dict[str, list[str]] = {}
        texts = texts_of(path)
        for text in texts:
            for name in changes(text):
                rows.setdefault(name, []).append(text)
        counts = {name: len(found) for name, found in rows.items()}
        table[path.name] = {"texts": len(texts), **counts}
        print(path.name, table[path.name])
        for name, found in rows.items():
            for text in found[:SHOWN]:
                print(f"    {name}: {text[:150]}")
    foreign = list(dict.fromkeys(text for path in options.foreign for text in texts_of(path)))
    if foreign:
        passed = [text for text in foreign if understood(text)]
        table["foreign"] = {"texts": len(foreign), "not refused": len(passed)}
        print("in other languages", table["foreign"])
        for text in passed[:SHOWN]:
            print(f"    not refused: {text[:150]}")
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(table, indent=1) + "\n")


if __name__ == "__main__":
    main()
