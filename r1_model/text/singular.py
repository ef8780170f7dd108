"""One of several: "mug" of "mugs", "knife" of "knives"."""

from __future__ import annotations


def singular(word: str) -> str:
    """An English noun, in small letters, without the ending of the plural."""
    if word.endswith(("ss", "us")) or len(word) < 4:
        return word
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    if word.endswith("ves"):
        return f"{word[:-3]}f"
    if word.endswith(("xes", "ches", "shes", "sses")):
        return word[:-2]
    return word.removesuffix("s")
