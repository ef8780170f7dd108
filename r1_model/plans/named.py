"""May the label of a step mean what a request names? "Table" and "coffee table", 水杯 and 杯子."""

from __future__ import annotations

import re

from r1_model.text.chinese import simplified
from r1_model.text.singular import singular

_NOUN = 2  # characters of a Chinese one
_ENDINGS = "机器面"  # of words for things of all kinds
_WHERE = "on|in|at|by|of|from|under|behind|near|next|inside|beside|above|below|between|to|into|onto"


def fits(label: str, name: str) -> bool:
    """May a label mean what a noun phrase says? Generous: "table" fits "coffee table".

    Args:
        label: of a step, in any language.
        name: noun phrase in small letters, Chinese in Simplified.
    """
    label = simplified(label.lower()).strip()
    if not label:
        return False
    if re.search("[\u3400-\u9fff]", label + name):
        if label in name or (len(name) > 1 and name in label):
            return True
        # 台灯, 桌灯 and 灯, 水杯 and 杯子; but 杯子 is no 柜子
        word, said = (text.rstrip("子儿头") or text for text in (label, name))
        return word[-2:] == said[-2:] or word[-1] == said[-1] not in _ENDINGS
    own, other = _words(label), _words(re.split(r"(?<=\s)(?:that|which|who|with)\b", name)[0])
    if not own or not other:
        return False
    if f" {' '.join(own)} " in f" {' '.join(other)} ":
        return True
    head = _words(re.split(rf"\b(?:{_WHERE})\b", name)[0])[-1:]
    return own[-1:] == head


def is_modified(name: str, label: str) -> bool:
    """Does a noun phrase say more or other than the label: "the red mug", 桌上的電腦?"""
    if re.search("[\u3400-\u9fff]", name):
        label = simplified(label)
        return "的" in name or len(name) > len(label) + 1 or _told_apart(label, name)
    own, other = _words(label), _words(name)
    return len(other) > len(own) or (own[-1:] == other[-1:] and not set(other) <= set(own))


def _told_apart(label: str, name: str) -> bool:
    """One noun, each with a word of its own: 蓝杯子 and 红杯子, not 水杯 and 杯子."""
    if re.search("[\u3400-\u9fff]", label + name):
        longer = min(len(label), len(name)) > _NOUN
        return (
            longer and label[-_NOUN:] == name[-_NOUN:] and label not in name and name not in label
        )
    own, other = _words(label), _words(name)
    return own[-1:] == other[-1:] and bool(set(own) - set(other)) and bool(set(other) - set(own))


def two_of_a_kind(label: str, name: str) -> bool:
    """Told apart, or of one last character: 台灯 and 大灯, where the request names both."""
    label = simplified(label.lower())
    if not re.search("[\u3400-\u9fff]", label + name):
        return _told_apart(label, name)
    same = label[-1:] == name[-1:] and min(len(label), len(name)) >= _NOUN
    return same and label not in name and name not in label


def _words(text: str) -> list[str]:
    return [singular(word) for word in re.findall(r"[a-z0-9'-]+", text.lower())]


def named(label: str, text: str) -> bool:
    """Does a text name what a step calls so?"""
    label, text = simplified(label.lower()), simplified(text.lower())
    if re.search("[\u3400-\u9fff]", label):
        return label in text
    return bool(label) and f" {' '.join(_words(label))} " in f" {' '.join(_words(text))} "
