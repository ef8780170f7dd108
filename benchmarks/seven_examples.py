"""How often each of the seven examples is answered right, over many rooms that are built to it.

The test asks about one room of each. An example is right if all of its turns are.

    python benchmarks/seven_examples.py [r1-tiny] [--rooms 20] [--json output/seven_examples.json]
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from r1_model.reasoner import Reasoner
from r1_training.evaluation.seven_examples import LANGUAGES, ask_example, example_scene
from r1_training.synthetic.language.example_questions import EXAMPLES


def main() -> None:
    """Print the table; wrong answers go into the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", nargs="?", default="r1-tiny")
    parser.add_argument("--rooms", type=int, default=20, help="of each example")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--json", type=Path, default=Path("output/seven_examples.json"))
    options = parser.parse_args()
    reasoner = Reasoner.from_pretrained(options.model, device=options.device)
    print(f"{'example':16}" + "".join(f"{family:>7}" for family in LANGUAGES), flush=True)
    shares, wrong = {}, []
    for example in EXAMPLES:
        right = dict.fromkeys(LANGUAGES, 0)
        for seed in range(options.rooms):
            room, scene = example_scene(example, seed)
            for family in LANGUAGES:
                turns = ask_example(reasoner, example, room, scene, family)
                bad = [turn for turn in turns if turn.wrong]
                right[family] += not bad
                wrong += [
                    {"example": example.name, "seed": seed, "family": family}
                    | {"question": turn.question, "answer": turn.answer.raw, "wrong": turn.wrong}
                    for turn in bad
                ]
        shares[example.name] = {family: n / options.rooms for family, n in right.items()}
        row = "".join(f"{share:7.2f}" for share in shares[example.name].values())
        print(f"{example.name:16}{row}", flush=True)
    figures = {"model": options.model, "rooms": options.rooms, "right": shares, "wrong": wrong}
    options.json.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(figures, indent=1, ensure_ascii=False, default=str)
    options.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
