"""Units and thresholds in a question: it is asked in metres, and the answer says what was asked.

"Is the fridge taller than 1.5 m?" is "How tall is the fridge?" to the model, and the number that it
gives is compared here; "in feet" is converted here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_METRES = {
    "mm": 0.001,
    "millimetre": 0.001,
    "cm": 0.01,
    "centimetre": 0.01,
    "m": 1.0,
    "metre": 1.0,
    "foot": 0.3048,
    "ft": 0.3048,
    "inch": 0.0254,
    "yard": 0.9144,
    "公釐": 0.001,
    "毫米": 0.001,
    "公分": 0.01,
    "厘米": 0.01,
    "公尺": 1.0,
    "米": 1.0,
    "英尺": 0.3048,
    "英呎": 0.3048,
    "呎": 0.3048,
    "英寸": 0.0254,
    "英吋": 0.0254,
    "吋": 0.0254,
}
_UNIT = (
    r"(?:mm|cm|m|ft|(?:milli|centi)?met(?:er|re)s?|feet|foot|inch(?:es)?|yards?"
    r"|公釐|毫米|公分|厘米|公尺|米|英尺|英呎|呎|英寸|英吋|吋)(?![a-z])"
)
_NUMBER = r"\d+(?:[.,]\d+)?"
_VALUE = re.compile(rf"(?P<number>{_NUMBER})\s?(?P<unit>{_UNIT})", re.I)
_IN_UNIT = re.compile(
    r"(?P<plain>how (?:tall|high|wide|long|deep|thick|far|big)\b.+?),?"
    rf"\s+in (?P<unit>(?:feet|foot|ft) and inch(?:es)?|{_UNIT})\s*[?.]?",
    re.I,
)
# "the height of the fridge in cm", "the fridge's width in feet", "fridge height in cm"
_DIMENSIONS = {"height": "tall", "width": "wide", "length": "long", "depth": "deep"}
_DIMENSION = rf"(?P<dimension>{'|'.join(_DIMENSIONS)})"
_LEAD = r"(?:(?:what is|what's|tell me|give me|say) )?"
_NAMED_IN_UNIT = tuple(
    re.compile(rf"{_LEAD}{named},? in (?P<unit>{_UNIT})[?.]?", re.I)
    for named in (
        rf"(?:the )?{_DIMENSION} of (?P<thing>.+?)",
        rf"(?P<thing>.+?)(?:'s)? {_DIMENSION}",
    )
)
_DISTANCE_IN_UNIT = re.compile(
    rf"{_LEAD}the distance (?:between (?P<one>.+?) and|from (?P<start>.+?) to) (?P<other>.+?),? "
    rf"in (?P<unit>{_UNIT})[?.]?",
    re.I,
)
# "is the fridge 2 m tall?": near it, as answers are rounded
_NEAR = re.compile(
    rf"(?:is|are) (?P<thing>.+?) (?:exactly |about |roughly )?(?P<limit>{_NUMBER})\s?"
    rf"(?P<unit>{_UNIT}) (?P<adjective>tall|high|wide|long|deep)\s*\??",
    re.I,
)
_BETWEEN = re.compile(
    rf"(?:is|are) (?P<thing>.+?) between (?P<least>{_NUMBER})\s?(?P<least_unit>{_UNIT})? and "
    rf"(?P<limit>{_NUMBER})\s?(?P<unit>{_UNIT}) (?P<adjective>tall|high|wide|long|deep)\s*\??",
    re.I,
)
_ROUNDED = 0.05  # of a length
_ADJECTIVES = {
    "taller": ("tall", 1), "higher": ("tall", 1), "wider": ("wide", 1), "broader": ("wide", 1),
    "longer": ("long", 1), "deeper": ("deep", 1), "shorter": ("tall", -1), "lower": ("tall", -1),
    "narrower": ("wide", -1),
}  # fmt: skip
_THAN = re.compile(
    rf"(?:is|are) (?P<thing>.+?) (?P<word>{'|'.join(_ADJECTIVES)}) than (?P<limit>{_NUMBER})\s?"
    rf"(?P<unit>{_UNIT})\s*\??",
    re.I,
)
_MORE = re.compile(
    rf"(?:is|are) (?P<thing>.+?) (?P<word>more than|at least|over|less than|at most|under) "
    rf"(?P<limit>{_NUMBER})\s?(?P<unit>{_UNIT}) (?P<adjective>tall|high|wide|long|deep)\s*\??",
    re.I,
)
_APART = re.compile(
    rf"(?:is|are) (?P<thing>.+?) (?P<word>more than|at least|over|less than|at most|under|within|"
    rf"farther than|further than|closer than|nearer than) (?P<limit>{_NUMBER})\s?(?P<unit>{_UNIT}) "
    r"(?:away )?(?:from|of|to) (?P<other>.+?)\s*\??",
    re.I,
)
_DETERMINER = re.compile(r"(?:the|my|our|this|that)\b", re.I)
_FEWER = ("less than", "at most", "under", "within", "closer than", "nearer than")
_ZH_THAN = re.compile(
    r"(?P<thing>[^，。？]+?)(?:有沒有|有没有|是不是|是否|會不會|会不会)?(?:比|超過|超过|高於|高于|大於|大于|高過|高过|低於|低于|"
    rf"不到|矮於|矮于|短於|短于)(?P<limit>{_NUMBER})\s?(?P<unit>{_UNIT})(?:還|还|更)?"
    r"(?P<adjective>高|矮|低|寬|宽|窄|長|长|短|深)?(?:嗎|吗)?[？?]?"
)
# "冰箱有1.5米高吗", "冰箱是两米高吗"
_ZH_NEAR = re.compile(
    rf"(?P<thing>[^，。？]+?)(?P<word>有沒有|有没有|是不是|是否|有|是)(?P<limit>{_NUMBER})\s?(?P<unit>{_UNIT})"
    r"(?P<adjective>高|寬|宽|長|长|深)(?:嗎|吗)?[？?]?"
)
_ZH_IN_UNIT = re.compile(
    rf"(?P<thing>[^，。？]+?)的?(?:(?P<adjective>高|寬|宽|長|长|深)度?(?:是|有)?(?:多少|[幾几])(?P<unit>{_UNIT})"
    rf"|(?:用(?P<by>{_UNIT})(?:算|來說|来说|表示)?)?(?:有)?多(?P<how>高|寬|宽|長|长|深|大)"
    rf"[，,。？?]?(?:請|请)?(?:用(?P<with>{_UNIT})(?:回答|表示|說|说|算)?)?)[？?]?"
)
# 兩公尺, 一米五
_ZH_DIGITS = dict(zip("一二兩两三四五六七八九十", (1, 2, 2, *range(2, 11)), strict=True))
_ZH_NUMBER = re.compile(
    rf"(?P<whole>[{''.join(_ZH_DIGITS)}]|\d+)(?P<unit>米|公尺)(?P<tenth>[一二三四五六七八九半]?)"
)
_ZH_FEWER = ("低於", "低于", "不到", "矮於", "矮于", "短於", "短于")
_ZH_WORDS = {"矮": "高", "低": "高", "窄": "寬", "短": "長"}


@dataclass(frozen=True)
class Measure:
    """What a question wants to know of a length.

    Attributes:
        plain: the question as the model is asked, without unit and threshold.
        unit: the unit of the answer; empty: as the model says it.
        limit: threshold, metres; None: none.
        above: the threshold is to be exceeded.
        least: the length has to lie between this and the threshold, metres; None: it has not.
    """

    plain: str
    unit: str = ""
    limit: float | None = None
    above: bool = True
    least: float | None = None

    def told(self, answer: str) -> str:
        """The answer to what was asked, made of the model's answer to `plain`.

        Where the model names no length, there is nothing to compare or convert: it stays.
        """
        value = _VALUE.search(answer)
        if value is None:
            return answer
        metres = _metres(value["number"], value["unit"])
        if self.limit is not None and self.least is not None:
            return _compared(answer, self.least <= metres <= self.limit)
        if self.limit is not None:
            return _compared(answer, (metres > self.limit) == self.above)
        if " and " in self.unit:
            inches = round(metres / _METRES["inch"])
            written = f"{inches // 12} feet {inches % 12} inches"
        else:
            written = _written(metres / _METRES[_base(self.unit)], self.unit)
        return answer[: value.start()] + written + answer[value.end() :]


def read_measure(question: str) -> Measure | None:
    """What a question wants to know of a length in a unit or against a threshold; None: nothing.

    Args:
        question: a plain wording.
    """
    found = _IN_UNIT.fullmatch(question)
    if found is not None:
        plain = re.sub(r"^(how) high\b", r"\1 tall", found["plain"], flags=re.I)
        return Measure(f"{plain}?", unit=found["unit"])
    found = next(filter(None, (named.fullmatch(question) for named in _NAMED_IN_UNIT)), None)
    if found is not None:
        bare = _DETERMINER.match(found["thing"]) is None
        thing = f"the {found['thing'][:1].lower()}{found['thing'][1:]}" if bare else found["thing"]
        adjective = _DIMENSIONS[found["dimension"].lower()]
        return Measure(f"How {adjective} is {thing}?", unit=found["unit"])
    found = _DISTANCE_IN_UNIT.fullmatch(question)
    if found is not None:
        plain = f"How far is {found['one'] or found['start']} from {found['other']}?"
        return Measure(plain, unit=found["unit"])
    found = _THAN.fullmatch(question)
    if found is not None:
        adjective, sign = _ADJECTIVES[found["word"].lower()]
        return _threshold(f"How {adjective} {_verb(found)} {found['thing']}?", found, sign > 0)
    found = _MORE.fullmatch(question)
    if found is not None:
        adjective = found["adjective"].lower().replace("high", "tall")
        above = found["word"].lower() not in _FEWER
        return _threshold(f"How {adjective} {_verb(found)} {found['thing']}?", found, above)
    found = _BETWEEN.fullmatch(question) or _NEAR.fullmatch(question)
    if found is not None:
        return _within(found)
    found = _APART.fullmatch(question)
    if found is not None:
        above = found["word"].lower() not in _FEWER
        plain = f"How far is {found['thing']} from {found['other']}?"
        return _threshold(plain, found, above)
    question = _ZH_NUMBER.sub(_in_digits, question)
    found = _ZH_IN_UNIT.fullmatch(question)
    if found is not None and (unit := found["unit"] or found["by"] or found["with"]):
        return Measure(f"{found['thing']}有多{found['adjective'] or found['how']}？", unit=unit)
    found = _ZH_NEAR.fullmatch(question)
    if found is not None:
        limit = _metres(found["limit"], found["unit"])
        plain = f"{found['thing']}有多{found['adjective']}？"
        if found["word"].startswith("有"):  # as tall as that
            return Measure(plain, limit=limit * (1 - _ROUNDED))
        return Measure(plain, limit=limit * (1 + _ROUNDED), least=limit * (1 - _ROUNDED))
    found = _ZH_THAN.fullmatch(question)
    if found is None:
        return None
    adjective = found["adjective"] or "高"
    fewer = adjective in _ZH_WORDS or any(word in question for word in _ZH_FEWER)
    return _threshold(
        f"{found['thing']}有多{_ZH_WORDS.get(adjective, adjective)}？", found, not fewer
    )


def asks_of_itself(question: str) -> bool:
    """Whether a plain question compares a thing with itself: "Is it taller than itself?"."""
    return _ASKS_SELF.fullmatch(question) is not None


def compares_with_itself(text: str) -> bool:
    """Whether a text says that a thing is larger, or farther away, than itself."""
    return _SELF.search(text) is not None or _ZH_SELF.search(text) is not None


_SELF = re.compile(
    r"\b(?:the )?(?P<name>[\w -]{2,40}?) (?:is|are)(?: not)?(?: about)?(?: [\d.]+ ?[a-z]+)? "
    r"(?:(?:\w+er|more \w+|less \w+) than|from|to the (?:left|right) of|next to|on|under|above|"
    r"below|behind|in front of|as \w+ as) the (?P=name)(?=\s*(?:[.,;:!?]|$))",
    re.I,
)
_NAME = r"(?:the|my|our|this|that) [\w -]{2,40}?"
_ASKS_SELF = re.compile(
    rf"(?:is|are) (?P<name>{_NAME}) (?:(?:any |much )?(?:\w+er|more \w+|less \w+) than|as \w+ as) "
    r"(?:(?P=name)|itself|themselves)\W*"
    rf"|how far (?:away )?(?:is|are) (?P<far>{_NAME}) from (?:(?P=far)|itself|themselves)\W*"
    rf"|which (?:one )?is \w+er[,:]? (?P<either>{_NAME}) or (?P=either)\W*"
    r"|(?P<zh>[\u3400-\u9fff]{1,8})(?:比|離|离)(?:(?P=zh)|自己|它自己)(?:更|還|还|有)?"
    r"(?:[高矮寬宽窄長长短大小重輕轻]|多[遠远])[\u3400-\u9fff]?\W*",
    re.I,
)
_ZH_SELF = re.compile(
    r"(?P<name>[\u3400-\u9fff]{1,8})(?:比|離|离|在|上有|上沒有|上没有)(?P=name)"
    r"(?:[上下裡里旁的前後后更高大左右]|[^\u3400-\u9fff]|$)"
)


def _verb(found: re.Match[str]) -> str:
    return found[0].split()[0].lower()


def _threshold(plain: str, found: re.Match[str], above: bool) -> Measure:
    return Measure(plain, limit=_metres(found["limit"], found["unit"]), above=above)


def _in_digits(found: re.Match[str]) -> str:
    """ "一米五" as 1.5米."""
    whole = _ZH_DIGITS.get(found["whole"]) or int(found["whole"])
    tenth = 5 if found["tenth"] == "半" else _ZH_DIGITS.get(found["tenth"], 0)
    return f"{whole}.{tenth}{found['unit']}" if tenth else f"{whole}{found['unit']}"


def _within(found: re.Match[str]) -> Measure:
    """A length between two, or near one."""
    adjective = found["adjective"].lower().replace("high", "tall")
    most = _metres(found["limit"], found["unit"])
    least = found.groupdict().get("least")
    if least is None:
        low, most = most * (1 - _ROUNDED), most * (1 + _ROUNDED)
    else:
        low = _metres(least, found["least_unit"] or found["unit"])
    plain = f"How {adjective} {_verb(found)} {found['thing']}?"
    return Measure(plain, limit=most, least=low)


def _metres(number: str, unit: str) -> float:
    return float(number.replace(",", ".")) * _METRES[_base(unit)]


def _base(unit: str) -> str:
    """A unit as it is written in `_METRES`: "Meters" is metre, "inches" inch, "feet" foot."""
    small = unit.lower().replace("meter", "metre")
    if small in _METRES:
        return small
    return {"feet": "foot", "inches": "inch"}.get(small, small.removesuffix("s"))


def _written(value: float, unit: str) -> str:
    digits = 0 if abs(value) >= 20 else 1 if abs(value) >= 2 else 2
    space = "" if "\u3400" <= unit[0] <= "\u9fff" else " "
    return f"{value:.{digits}f}{space}{unit}"


def _compared(answer: str, yes: bool) -> str:
    if any("\u3400" <= c <= "\u9fff" for c in answer):
        return f"{'是的' if yes else '不是'}，{answer}"
    start = answer[:1].lower() if answer[1:2].islower() or answer[1:2] == " " else answer[:1]
    return f"{'Yes' if yes else 'No'}, {start}{answer[1:]}"
