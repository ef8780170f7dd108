"""What a question is: its language, and its task where the caller leaves that open.

The question itself goes to the model as it is; the task only decides how the answer is read.
"""

from __future__ import annotations

import re

from r1_model.text.chinese import SIMPLIFIED_ONLY, TRADITIONAL_ONLY
from r1_model.text.task_words import CHINESE, ENGLISH, Words

_HAN = re.compile(r"[\u3400-\u9fff]")
# Traditional text has 几 in 茶几 alone
_HOW_MANY = re.compile("(?<!茶)几")
_NUMBER_OF = re.compile(
    r"(?:the |what is the )?(?:number|count) of (?:the )?([\w -]+?)[.?!]*", re.I
)
_HOW_MANY_ARE = re.compile(r"(?:總共|总共|一共)?(有[幾几多][^有？。]{2,9})[？。]?")
_WORD = re.compile(r"[A-Za-z]+")
_BOX = re.compile(r"<obj>[^<]{0,120}</obj>")
_OPENINGS = 6  # polite openings that are taken off the front, one after the other


def detect_language(question: str) -> str:
    """One of `answer.LANGUAGES`.

    Chinese where Han characters outnumber Latin words. The script is that of the characters that
    exist in one script only; where they say nothing ("椅子在哪") it is Traditional.
    """
    text = _BOX.sub("", question)
    han = _HAN.findall(text)
    if not han or len(han) < len(_WORD.findall(text)):
        return "en"
    simplified = sum(character in SIMPLIFIED_ONLY for character in han)
    simplified += len(_HOW_MANY.findall(text))
    traditional = sum(character in TRADITIONAL_ONLY for character in han)
    return "zh-Hans" if simplified > traditional else "zh-Hant"


def classify_task(question: str, has_target: bool = False, has_history: bool = False) -> str:
    """The task of a question, one of `answer.TASKS`.

    Args:
        question: English or Chinese.
        has_target: the caller names an object by id, point or box.
        has_history: there are earlier turns in the dialogue.
    """
    has_target = has_target or "<obj>" in question
    text = _BOX.sub("", question).strip().lower()
    text = text.replace("’", "'").replace("what's", "what is")
    words = ENGLISH if detect_language(text) == "en" else CHINESE
    task = _matched(text, words)
    if task is None and _HAN.search(text) and _WORD.search(text):  # "bring me the 红色马克杯"
        task = _matched(text, CHINESE if words is ENGLISH else ENGLISH)
    # a bare name ("the chair by the window") asks where that is
    task = task or ("qa" if text.endswith(("?", "？")) else "grounding")
    if has_target and task in ("grounding", "dense_caption"):
        return "object_caption"
    if has_history and not has_target and task not in ("dense_caption", "object_caption"):
        refers = words.refers.search(text) is not None
        if refers or task in ("qa", "planning"):
            return "dialogue"
    return task


def stands_alone(question: str) -> bool:
    """Can the question be understood without the turns before it?

    True where it names a thing and nothing in it points back. "It", "the other one" and a bare
    "what colour?" need the dialogue; "What colour is the fridge?" does not.
    """
    text = _BOX.sub("", question).strip().lower()
    words = ENGLISH if detect_language(text) == "en" else CHINESE
    if words.refers.search(text):
        return False
    return words.names.search(words.empty.sub(" ", text)) is not None


def is_bare_name(text: str) -> bool:
    """Whether a text names a thing and says nothing about it: "the chair by the window"."""
    words = ENGLISH if detect_language(text) == "en" else CHINESE
    return _matched(_BOX.sub("", text).strip().lower(), words) is None


def as_request(question: str, task: str) -> str:
    """The question as the model is asked: a bare name or number to find becomes a sentence.

    "the white mug" could be the start of anything; as "Find the white mug." it is a request, and
    "number of chairs" is "How many chairs are there?". Every other question stays as it is.
    """
    if task == "qa":
        number = _NUMBER_OF.fullmatch(question.strip())
        if number is not None:
            return f"How many {number[1].lower()} are there?"
        how_many = _HOW_MANY_ARE.fullmatch(question.strip())
        if how_many is not None:
            here = "这里" if detect_language(question) == "zh-Hans" else "這裡"
            return f"{here}{how_many[1]}？"
        return question
    if task != "grounding":
        return question
    language = detect_language(question)
    words = ENGLISH if language == "en" else CHINESE
    if _matched(question.strip().lower(), words) is not None:
        return question
    name = question.strip().rstrip(".?!。？！")
    name = re.sub(r"^[A-Z](?=[a-z ])", lambda m: m[0].lower(), name)  # but "TV" stays
    return {"en": f"Find {name}.", "zh-Hant": f"請找到{name}。", "zh-Hans": f"请找到{name}。"}[
        language
    ]


def _matched(text: str, words: Words) -> str | None:
    """The task whose words stand in a text, None for a bare name."""
    for _ in range(_OPENINGS):
        text = words.opening.sub("", text, count=1)
    for task, pattern in words.rules:
        if pattern.search(text):
            return task
    return None
