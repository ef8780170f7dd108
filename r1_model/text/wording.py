"""What people write around a question: marks, quotes, emoji, full-width letters, courtesies.

The same question gets the same answer, however it is dressed. Boxes (`<obj>...</obj>`) stay as they
are, and so does everything that is written plainly already.
"""

from __future__ import annotations

import re
import unicodedata

_TAG = re.compile(r"(<obj>[^<]{0,120}</obj>)")
_HAN = re.compile(r"[\u3400-\u9fff]")
_KEPT = "，。？！：；、（）"  # Chinese marks, which compatibility forms would make Latin ones
_KEPT_SYMBOLS = "°+=<>|~^`$€£¥©®™"  # not emoji
_SYMBOLS = ("So", "Sk", "Sm", "Cn", "Co", "Cs", "Cf", "Cc")
_DOUBLE_QUOTES = re.compile('["“”„‟«»「」『』《》〈〉]')
_QUOTED = re.compile(r"(?<!\w)'([^']{1,60})'(?!\w)")
_APOSTROPHES = str.maketrans("’‘ʼ´`", "'''''")
_SPACES = re.compile(r"\s+")
_FRONT = re.compile(r"^[\s\-–—•*·,，.。、!！?？:：;；~～>#…]+(?=\S)")
_RUN = re.compile(r"\s*(?:[?？!！.。…~～]\s*){2,}(?=\s|$|[^\s.\d])|\s+([?？!！])")
_SENTENCE = re.compile(r"(?<=[?？!！。])\s*(?=\w)|(?<=\.)\s+(?=\w)")
_END = re.compile(r"[!！~～…]+$")
_ASKS = re.compile(
    r"\s*(?:(?:what|which|where|who|why|when|how|is|are|was|were|does|do|did|has|have|can|could|"
    r"would|will)\b|.*(?:[嗎吗呢哪誰谁幾几]|什麼|什么|多少|是不是|有沒有|有没有|為何|为何))",
    re.I | re.S,
)

_SMILEY = re.compile(r"(?:^|(?<=\s))[:;=]['o-]?[()DPp/]+(?=\s|[.?!]|$)|\^_*\^")
_PARTICLE = re.compile(r"(?<=[\u3400-\u9fff])[啊呀啦喔哦耶嘛]+(?=[？?。!！]*$)")
_HELLO = r"(?:hi|hello|hey|good (?:morning|afternoon|evening))(?: there| robot| r1)?"
_ZH_HELLO = "你好|您好|嗨|哈囉|哈啰|早安|午安|晚上好|早上好"
_ZH_THANKS = "(?:非常|十分|太|多)?(?:謝謝|谢谢|感謝|感谢|多謝|多谢)(?:你|您|啦|了|喔|哦)*"
_OPENING = re.compile(
    rf"^(?:(?:{_HELLO}|um+|uh+|hm+|just quickly|"
    r"excuse me|sorry|please|kindly|ok(?:ay)?|alright|robot|dear robot|"
    r"quick question|thank you(?: (?:so|very) much)?|thanks(?: a lot)?|"
    r"(?:(?:can|could|would|will) you )(?:please |kindly )?(?:tell me|let me know|say)(?=[ ,:]+"
    r"(?:how many \w+ (?:are|do)|what (?:is|are|colou?r (?:is|are))|where (?:is|are)|is|are)\b))"
    r"\b[\s,，.!:;]*"
    rf"|(?:[嗯呃欸诶誒]+|[那這这][個个](?=[,，])|請問|请问|{_ZH_HELLO}|不好意思|勞駕|劳驾|拜託|拜托|{_ZH_THANKS})(?:一下)?[\s,，。!！:：]*)+",
    re.I,
)
_CLOSING = re.compile(
    r"(?:[\s,，.。!！?？;；]*(?:\b(?:please|thanks(?: a lot| again| in advance)?|thx|cheers|"
    r"(?:many )?thanks|thank you(?: (?:so|very) much| in advance)?|if you don't mind)\b"
    r"|(?<=[\w?!.]), ?(?:my )?(?:dear )?(?:robot|r1|friend|buddy)\b"
    rf"|{_ZH_THANKS}|麻煩(?:你|您)?了|麻烦(?:你|您)?了|拜託了?|拜托了?))+(?P<end>[\s.。!！?？]*)$",
    re.I,
)
_LAST_MARK = re.compile(r"[.。?？!！]")
_SOCIAL = (
    (
        re.compile(r"(?:thanks?(?: you)?|thank you|thx|cheers|ta|great|perfect|nice)\b", re.I),
        re.compile(_ZH_THANKS),
        "You are welcome.",
        "不客氣。",
    ),
    (
        re.compile(rf"(?:{_HELLO})\b", re.I),
        re.compile(_ZH_HELLO),
        "Hello. Ask me about this place, or tell me what to do.",
        "你好。可以問我這裡有什麼，或告訴我要做什麼。",
    ),
    (
        re.compile(r"(?:yes|yeah|yep|no|nope|ok(?:ay)?|sure|alright|fine|bye|goodbye)\b", re.I),
        re.compile("好的?|是的?|不是|對|对|嗯|再見|再见|沒事|没事|可以"),
        "All right. Ask me about this place, or tell me what to do.",
        "好的。可以問我這裡有什麼，或告訴我要做什麼。",
    ),
)
_NO_WORDS = re.compile(r"[\W\d_]*")


def plain_wording(text: str) -> str:
    """A text without what says nothing: one mark for a run of them, no quotes, no emoji."""
    chinese = _HAN.search(text) is not None
    parts = [
        part if _TAG.fullmatch(part) else _plain_part(part, chinese) for part in _TAG.split(text)
    ]
    plain = _FRONT.sub("", "".join(parts).strip()).strip()
    if plain and _END.search(plain):
        mark = (
            ("？" if chinese else "?") if _ASKS.match(_last(plain)) else ("。" if chinese else ".")
        )
        plain = _END.sub(mark, plain)
    return plain


def without_courtesies(text: str) -> str:
    """A plain wording without greetings, thanks and "please"; empty where nothing else is left.

    The last mark of what is taken off the end stays where the rest has none.
    """
    rest = _OPENING.sub("", text).strip()
    closing = _CLOSING.search(rest)
    if closing is not None:
        marks = _LAST_MARK.findall(rest[closing.start() :])
        rest = rest[: closing.start()].strip()
        if rest and marks and not _LAST_MARK.match(rest[-1]):
            rest += marks[0]
    if _ASKS.match(rest):
        rest = _PARTICLE.sub("", rest)
    return rest if not _NO_WORDS.fullmatch(rest) else ""


def social_reply(text: str) -> str | None:
    """What is said to thanks, greetings and bare assent: nothing is asked; None for all else.

    Args:
        text: a plain wording.
    """
    words = text.strip(" .。!！?？,，~～")
    for english, chinese, reply, chinese_reply in _SOCIAL:
        if english.fullmatch(words):
            return reply
        if chinese.fullmatch(words):
            return chinese_reply
    if not without_courtesies(text) and not _NO_WORDS.fullmatch(text):
        return _SOCIAL[0][3] if _HAN.search(text) else _SOCIAL[0][2]
    return None


def _plain_part(text: str, chinese: bool) -> str:
    text = "".join(c if chinese and c in _KEPT else unicodedata.normalize("NFKC", c) for c in text)
    text = unicodedata.normalize("NFC", text)
    text = "".join(
        " "
        if c.isspace() or (c not in _KEPT_SYMBOLS and unicodedata.category(c) in _SYMBOLS)
        else c
        for c in text
    )
    text = _SMILEY.sub(" ", text)
    text = _DOUBLE_QUOTES.sub("", text.translate(_APOSTROPHES))
    text = _SPACES.sub(" ", _QUOTED.sub(r"\1", text))
    return _RUN.sub(lambda run: _one_mark(run, chinese), text)


def _one_mark(run: re.Match[str], chinese: bool) -> str:
    marks = run[0]
    if run[1] is None and not marks.strip(" .") and len(marks.strip()) < 2:
        return marks
    after = " " if marks[-1].isspace() and run.end() < len(run.string) else ""
    if "?" in marks or "？" in marks:
        mark = "？" if chinese else "?"
    elif "!" in marks or "！" in marks:
        mark = "！" if chinese else "!"
    elif ("." in marks or "。" in marks) and not after and _ASKS.match(_last(run.string)):
        mark = "？" if chinese else "?"
    elif "." in marks or "。" in marks:
        mark = "。" if chinese else "."
    else:
        mark = ""
    return mark + after


def _last(text: str) -> str:
    """The last sentence: "can you not hear me? close the window!" does not end in a question."""
    return _SENTENCE.split(text)[-1]
