"""Questions as people type them, written as text is.

A small model that has read "How many chairs ..." only takes "how many chairs" for another text.
"""

from __future__ import annotations

import re

_SPACES = re.compile(r"\s+")
_HAN = re.compile(r"[\u3400-\u9fff]")
_TAG = re.compile(r"<obj>[^<]{0,120}</obj>")
_CAPITALS = re.compile(r"\b[A-Z]{2,}\b")
_STARTS = re.compile(r"\A[^\W\d_]|(?<=[.?!] )[a-z]")  # of sentences
_ENDS = re.compile(r"[.?!:;)\"'>]\Z")
_ASKS = re.compile(
    r"(what|which|where|who|why|when|how|is|are|was|does|do|did|has|have|can|could|would|will)\b",
    re.I,
)
_TV = re.compile(r"\btv(s?)\b", re.I)
_L = re.compile(r"\bl-(?=shaped\b)", re.I)
# after a Chinese character or at the end; in "3.5" a point is a point
_HALF_WIDTH = {",": "，", ".": "。", "?": "？", "!": "！", ":": "：", ";": "；"}
_FULL_WIDTH = str.maketrans({full: half for half, full in _HALF_WIDTH.items()})
_MARK = re.compile(r"(?<=[\u3400-\u9fff])\s*([,.?!:;])\s*")


def as_written(question: str) -> str:
    """A question with single spaces, its script's marks, and capitals where sentences start.

    English in capitals only is written small: "WHERE IS IT" is "Where is it?", but a TV stays one.
    English that ends in no mark gets one; Chinese is understood as well without. Boxes stay as they
    are, and so does everything that is written so already.
    """
    parts = _TAG.split(question)
    boxes = [*_TAG.findall(question), ""]
    words = " ".join(parts)
    shouted = len(_CAPITALS.findall(words)) > 1 and words == words.upper()
    chinese = _HAN.search(question) is not None
    text = ""
    for part, box in zip(parts, boxes, strict=True):
        part = _SPACES.sub(" ", part)
        if shouted:
            part = part.lower()
        if chinese:
            part = _MARK.sub(lambda mark: _HALF_WIDTH[mark[1]], part)
        else:
            part = _L.sub("L-", _TV.sub(r"TV\1", part.translate(_FULL_WIDTH)))
        text += part + box
    text = text.strip()
    if text and not chinese and not _ENDS.search(text):
        text += "?" if _ASKS.match(text.lower()) else "."
    return _STARTS.sub(lambda start: start[0].upper(), text)
