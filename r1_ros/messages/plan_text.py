"""What a dialogue says about a plan: that it is planned, and later what became of it.

A plan is something to do: until the executor has done it no sentence may claim so, whatever the
model wrote around its steps.
"""

from __future__ import annotations

from collections.abc import Sequence

from r1_model.text.answer import Step
from r1_model.text.chinese import simplified

_DONE_ENGLISH = {
    "navigate_to": "went to the {0}",
    "open": "opened the {0}",
    "close": "closed the {0}",
    "pick": "picked up the {0}",
    "place": "put the {0} down at the {1}",
    "turn_on": "turned on the {0}",
    "turn_off": "turned off the {0}",
    "make_coffee": "started the {0}",
    "wait": "waited for the {0}",
    "wipe": "wiped the {0}",
    "clean": "cleaned the {0}",
    "make_bed": "straightened the bedding on the {0}",
    "push": "pushed the {0} into place",
    "look_at": "looked at the {0}",
}
_DONE_CHINESE = {
    "navigate_to": "到了{0}旁邊",
    "open": "打開了{0}",
    "close": "關上了{0}",
    "pick": "拿起了{0}",
    "place": "把{0}放到了{1}",
    "turn_on": "把{0}打開了",
    "turn_off": "把{0}關掉了",
    "make_coffee": "啟動了{0}",
    "wait": "等到{0}完成了",
    "wipe": "把{0}擦乾淨了",
    "clean": "把{0}打掃乾淨了",
    "make_bed": "把{0}整理好了",
    "push": "把{0}推回原位了",
    "look_at": "看了{0}",
}
_ASSUMED = {
    "en": " (nobody has seen it yet)",
    "zh-Hant": "（還沒有看到）",
    "zh-Hans": "（还没有看到）",
}
_ON_THE_WAY = ("navigate_to", "wait", "look_at")  # not worth a word beside other steps


def planned_text(steps: Sequence[Step], language: str) -> str:
    """The steps as text for people, under a line that says they are not carried out yet.

    Args:
        steps: of the plan.
        language: one of `answer.LANGUAGES`.
    """
    head = {
        "en": "Planned, not carried out yet:",
        "zh-Hant": "以下是計劃，尚未執行：",
        "zh-Hans": "以下是计划，尚未执行：",
    }[language]
    mark = _ASSUMED[language]
    lines = (f"{step.index}. {step_text(step)}{mark if step.assumed else ''}" for step in steps)
    return "\n".join([head, *lines])


def step_text(step: Step) -> str:
    """The sentence of a step; where the model gave none, its action and objects."""
    return step.text or f"{step.action}({', '.join(step.labels)})"


def call_text(step: Step) -> str:
    """`open(fridge)`: a step on one short line, whatever its labels hold; for logs."""
    text = f"{step.action[:60]}({', '.join(label[:60] for label in step.labels[:4])})"
    return " ".join(text.split())


def outcome_text(
    steps: Sequence[Step], failed: int, stopped_after: int, reason: str, language: str
) -> str:
    """What became of a plan, as a turn of the dialogue.

    Args:
        steps: of the plan.
        failed: 1-based position of the step that failed; 0: none.
        stopped_after: how many steps succeeded.
        reason: why it ended early; empty: all steps succeeded.
        language: one of `answer.LANGUAGES`.
    """
    if language == "en":
        return _outcome_english(steps, failed, stopped_after, reason)
    text = _outcome_chinese(steps, failed, stopped_after, reason)
    return simplified(text) if language == "zh-Hans" else text


def _outcome_english(steps: Sequence[Step], failed: int, done: int, reason: str) -> str:
    if not reason:
        parts = [_done(step, _DONE_ENGLISH) for step in _worth(steps)]
        return f"Done: I {' and '.join(filter(None, [', '.join(parts[:-1]), parts[-1]]))}."
    if failed:
        return (
            f"I stopped at step {failed} of {len(steps)} "
            f"({step_text(steps[failed - 1]).rstrip('.')}): {reason.rstrip('.')}."
        )
    return f"I stopped after {done} of {len(steps)} steps: {reason.rstrip('.')}."


def _outcome_chinese(steps: Sequence[Step], failed: int, done: int, reason: str) -> str:
    if not reason:
        return f"完成了：我{'，'.join(_done(s, _DONE_CHINESE) for s in _worth(steps))}。"
    if failed:
        step = step_text(steps[failed - 1]).rstrip("。")
        return f"我在第 {failed} 步（共 {len(steps)} 步：{step}）停下了：{reason}"
    return f"我在完成 {done} 步（共 {len(steps)} 步）後停下了：{reason}"


def _worth(steps: Sequence[Step]) -> Sequence[Step]:
    return [step for step in steps if step.action not in _ON_THE_WAY] or steps


def _done(step: Step, phrases: dict[str, str]) -> str:
    phrase = phrases.get(step.action, "")
    if not phrase or phrase.count("{") > len(step.labels) or not all(step.labels):
        return f"[{step_text(step)}]"
    return phrase.format(*step.labels)
