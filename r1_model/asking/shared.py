"""What the parts of a question share and say once, said in each: "... and how tall is it?".

Only plain questions about things that are named: "What colour are the fridge and the stove?" asks
for each, "Which is taller, the fridge or the stove?" for neither alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_HOW = r"how (?:tall|high|wide|broad|long|deep|big)"
_HEAD = rf"(?:what (?:colou?r|shape|material)|where|{_HOW}) (?:is|are)"
_ARTICLE = r"(?:the|my|our|this|that|an?|any)"
_NO_NOUN = r"(?:and|or|of|from|in|on|at|under|next|near|with|made|together|combined)\b"
_NOUNS = rf"{_ARTICLE} (?:(?!{_NO_NOUN})[\w'-]+ ?){{1,4}}"
_EACH = re.compile(
    rf"(?P<head>{_HEAD}) (?P<names>{_NOUNS}(?:, ?{_NOUNS})*,? ?(?:and|as well as) {_NOUNS})[?.]*",
    re.I,
)
_AND = re.compile(
    r"\s*(?:,\s*(?:and )?|\b(?:and|as well as)\b)\s*(?=(?:the|my|our|this|that|an?|any) )", re.I
)
_PLURAL = re.compile(r"(?<![su])s$")
_ABOUT = re.compile(
    rf"(?P<head>{_HEAD}|(?:is|are) there|how many|can you see|do you see) (?P<thing>{_NOUNS})[?.]*",
    re.I,
)
_ITS = re.compile(rf"(?P<head>(?:and )?{_HEAD}) (?:it|they)[?.]*", re.I)
_AND_IT = re.compile(rf",? and (?={_HEAD} (?:it|they)\b)", re.I)
_OTHER = re.compile(rf"(?:and|what about|how about)(?: what about)? (?P<thing>{_NOUNS})[?.]*", re.I)
_LENGTH_ZH = "多[高寬宽長长遠远大深]"
_QUALITY_ZH = "(?:什麼|什么)(?:顏色|颜色|材質|材质|形狀|形状|做的)"
_COUNT_ZH = "[幾几][個个把張张盞盏台隻只瓶本扇]"
_WHERE_ZH = "(?:在|放在)?哪[裡里兒儿]?"
_ASKED_ZH = (
    f"(?:(?:有|是)?(?:{_LENGTH_ZH}|{_QUALITY_ZH})|{_WHERE_ZH}|有?{_COUNT_ZH})"
    r"[^，。？,?]{0,6}"
)
_ABOUT_ZH = re.compile(f"(?P<thing>[^，。？,?是有在多和跟]{{1,8}}?)(?P<asked>{_ASKED_ZH})")
_NAME_ZH = "[^，。？,?是有在多的和跟與与、]{1,8}?(?<!色)"
_EACH_ZH = re.compile(
    f"(?P<names>{_NAME_ZH}(?:[和跟與与、]{_NAME_ZH})+)都?"
    f"(?P<asked>(?:(?:是|有)?(?:{_LENGTH_ZH}|{_QUALITY_ZH})|在哪[裡里兒儿]?)[呢啊]?)[？?]?"
)
_COUNTS_ZH = re.compile(
    rf"(?P<have>[^，。？,?]{{0,6}}?有){_COUNT_ZH}[^，。？,?]+[，,](?:和|還有|还有|又有)?"
    f"(?P<more>{_COUNT_ZH}[^，。？,?]+)[？?]?"
)
_NAMES_ZH = re.compile("[和跟與与、]")
_BARE_ZH = re.compile(f"(?:那|也|又|還|还|而且|並且|并且|它)*(?P<asked>{_ASKED_ZH})")


def each_named(text: str) -> list[str] | None:
    """One question for each of the things that one question is about; None where it is one.

    Args:
        text: a plain wording.
    """
    found = _EACH.fullmatch(text)
    if found is not None:
        head = re.sub(r"\bare$", "is", found["head"])
        return [_asked(head, name) for name in _AND.split(found["names"])]
    found = _EACH_ZH.fullmatch(text)
    if found is not None:
        return [f"{name}{found['asked']}？" for name in _NAMES_ZH.split(found["names"])]
    found = _COUNTS_ZH.fullmatch(text)
    if found is not None:
        return [f"{re.split('[，,]', text)[0]}？", f"{found['have']}{found['more']}？"]
    return _about_one(text)


def completed(parts: Sequence[str]) -> list[str]:
    """Questions of which a later one leaves out what the first one is about."""
    first, *rest = parts
    about, about_zh = _ABOUT.fullmatch(first), _ABOUT_ZH.fullmatch(first.rstrip("？?"))
    out = [first]
    for part in rest:
        its, other = _ITS.fullmatch(part), _OTHER.fullmatch(part)
        bare = _BARE_ZH.fullmatch(part.rstrip("？?"))
        if about is not None and its is not None:
            part = f"{its['head'].removeprefix('and ')} {about['thing'].strip()}?"
        elif about is not None and other is not None:
            part = f"{about['head']} {other['thing'].strip()}?"
        elif about_zh is not None and bare is not None:
            part = f"{about_zh['thing']}{bare['asked']}？"
        out.append(part)
    return out


def _about_one(text: str) -> list[str] | None:
    """ "What colour is the fridge and how tall is it?", 冰箱是什么颜色，有多高？"""
    parts = _AND_IT.split(text, maxsplit=1)
    if len(parts) < 2:
        parts = re.split("[，,](?=[那也又還还有是多在]|而且)", text.rstrip("？?"))
        if len(parts) < 2 or not all(map(_BARE_ZH.fullmatch, parts[1:])):
            return None
    whole = completed(parts)
    return None if whole == parts else [f"{part.rstrip('？?. ')}{_mark(part)}" for part in whole]


def _asked(head: str, name: str) -> str:
    name = name.strip()
    return f"{re.sub('is$', 'are', head) if _PLURAL.search(name) else head} {name}?"


def _mark(text: str) -> str:
    return "？" if re.search("[\u3400-\u9fff]", text) else "?"
