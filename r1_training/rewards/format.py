"""Is the text exactly `<think>..</think><answer>..</answer>`, and all of it readable?"""

from __future__ import annotations

from r1_model.text.grammar import ParsedAnswer


def format_reward(parsed: ParsedAnswer) -> float:
    """1 for the exact structure, else 0: each tag once and in order, nothing outside of them,
    every box and step readable, and words in both parts (tags around nothing say nothing).

    Source: 3D-R1, arXiv 2507.23478, section 3.3, whose pattern also takes nested tags.

    Args:
        parsed: the model's whole text, as `grammar.parse_answer` read it.
    """
    # a box alone is an answer; its text is taken out of `answer`
    says = _says_something(parsed.answer) or bool(parsed.boxes)
    return float(parsed.exact and says and _says_something(parsed.thinking))


def _says_something(text: str) -> bool:
    return any(character.isalnum() for character in text)
