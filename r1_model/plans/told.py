"""What people are told about steps that went from a plan, and about what they forbade."""

from __future__ import annotations

from collections.abc import Sequence

from r1_model.plans.forbidden import Prohibition
from r1_model.plans.guard import FORBIDDEN, UNSEEN
from r1_model.text.answer import Withheld
from r1_model.text.chinese import simplified

_ENGLISH = {
    "noted": "Understood, I will keep to it: {}.",
    FORBIDDEN: "Left out, because you said “{1}”: {0}.",
    UNSEEN: "Left out, because nobody has seen the {1} yet: {0}.",
}
_CHINESE = {
    "noted": "知道了，我會照做：{}。",
    FORBIDDEN: "因為您說「{1}」，所以不做：{0}。",
    UNSEEN: "還沒有看到{1}，所以不做：{0}。",
}


def noted_text(prohibitions: Sequence[Prohibition], language: str) -> str:
    """The answer to a request that only forbids.

    Args:
        prohibitions: what it forbids.
        language: one of `answer.LANGUAGES`.
    """
    said = "; ".join(dict.fromkeys(item.words for item in prohibitions))
    return _say("noted", language, said)


def withheld_text(withheld: Sequence[Withheld], language: str) -> str:
    """Why steps are missing, one line a reason; empty where none were forbidden or unseen.

    Args:
        withheld: of an answer.
        language: one of `answer.LANGUAGES`.
    """
    lines: dict[tuple[str, str], list[str]] = {}
    for item in withheld:
        if item.reason in (FORBIDDEN, UNSEEN) and item.step is not None:
            step = f"{item.step.action}({', '.join(item.step.labels)})"
            lines.setdefault((item.reason, item.words), []).append(step)
    return "\n".join(
        _say(reason, language, ", ".join(dict.fromkeys(steps)), words)
        for (reason, words), steps in lines.items()
    )


def _say(key: str, language: str, *words: str) -> str:
    text = (_ENGLISH if language == "en" else _CHINESE)[key]
    # the user's own words stay as they were said
    return (simplified(text) if language == "zh-Hans" else text).format(*words)
