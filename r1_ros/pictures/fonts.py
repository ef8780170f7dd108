"""Text in pictures, Chinese included: font and line breaking."""

from __future__ import annotations

import re
from functools import lru_cache

from noto_cjk_sans_otc import FONT_PATH
from PIL import ImageFont

# Faces of the collection: the same code point is drawn differently in Taiwan and on the mainland.
_FACES = {"zh-Hans": 2, "zh-Hant": 3}
_CJK = "\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef"
_WORDS = re.compile(rf"[{_CJK}]|[^\s{_CJK}]+|\s+")
# Chinese typesetting: closing punctuation never starts a line.
_NO_LINE_START = set("，。、；：？！」』）》】,.;:?!)]}")


@lru_cache(maxsize=64)
def font(size: int, language: str = "en") -> ImageFont.FreeTypeFont:
    """A font that has Latin and Chinese letters, `size` pixels high."""
    return ImageFont.truetype(str(FONT_PATH), size, index=_FACES.get(language, 3))


def wrap(text: str, face: ImageFont.FreeTypeFont, width: float) -> list[str]:
    """Break `text` into lines of at most `width` pixels: between words, between Chinese characters.

    A word longer than a line is cut. Line breaks in the text stay.
    """
    lines: list[str] = []
    for paragraph in text.splitlines() or [""]:
        line = ""
        for word in _WORDS.findall(paragraph):
            if face.getlength((line + word).rstrip()) <= width or (line and word in _NO_LINE_START):
                line += word
                continue
            if line.strip():
                lines.append(line.rstrip())
            line = ""
            for character in word.lstrip():
                if line and face.getlength(line + character) > width:
                    lines.append(line)
                    line = ""
                line += character
        lines.append(line.rstrip())
    return lines
