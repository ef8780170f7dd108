"""Texts that a model under reinforcement learning may come to write."""

from __future__ import annotations

GOOD = "<think>The sofa is red.</think><answer>It is red.</answer>"
BOX = "<obj>100, 100, 60, 20, 20, 30</obj>"

# name -> text whose structure is not exact
BROKEN = {
    "empty": "",
    "blank": " \n\t ",
    "tags alone": "<think></think><answer></answer>",
    "tags around blanks": "<think> </think><answer>\n</answer>",
    "tags around points": "<think>...</think><answer>!?</answer>",
    "no tags": "It is red.",
    "no thinking": "<answer>It is red.</answer>",
    "no answer": "<think>It is red.</think>",
    "never opened": "It is red.</think><answer>It is red.</answer>",
    "never closed": "<think>It is red.</think><answer>It is red.",
    "reordered": "<answer>It is red.</answer><think>It is red.</think>",
    "nested": "<think>a<think>b</think></think><answer>It is red.</answer>",
    "nested in each other": "<think>a<answer>It is red.</think></answer>",
    "answer quoted in the thinking": (
        "<think>I say <answer>It is red.</answer></think><answer>It is red.</answer>"
    ),
    "answer only in the thinking": "<think>I say <answer>It is red.</answer></think>",
    "twice": GOOD + GOOD,
    "a hundred times": GOOD * 100,
    "two answers": GOOD + "<answer>It is blue.</answer>",
    "text before": "Sure! " + GOOD,
    "text after": GOOD + " Hope this helps.",
    "text between": "<think>Red.</think>so<answer>It is red.</answer>",
    "other case": GOOD.replace("think", "THINK"),
    "other brackets": GOOD.replace("<", "＜").replace(">", "＞"),
    "attributes": GOOD.replace("<answer>", '<answer lang="en">'),
    "box of five numbers": "<think>a</think><answer>sofa <obj>1, 2, 3, 4, 5</obj></answer>",
    "box of words": "<think>a</think><answer>sofa <obj>a, b, c, d, e, f</obj></answer>",
    "box of NaN": "<think>a</think><answer>sofa <obj>nan, nan, nan, nan, nan, nan</obj></answer>",
    "box of infinities": "<think>a</think><answer><obj>inf, 1e9, -inf, 1, 1, 1</obj></answer>",
    "box outside of the scene": "<think>a</think><answer>b <obj>999, 1, 1, 1, 1, 1</obj></answer>",
    "negative box": "<think>a</think><answer>sofa <obj>-9, -9, -9, 1, 1, 1</obj></answer>",
    "10,000 boxes": f"<think>a</think><answer>{'sofa ' + BOX} {BOX * 9_999}</answer>",
    "box never closed": "<think>a</think><answer>sofa <obj>1, 2, 3, 4, 5, 6</answer>",
    "brackets without end": "<think>a</think><answer>" + "<obj>" * 500 + "</answer>",
    "null and surrogate": "\x00\ud800",
}
# name -> text whose structure is exact
EXACT = {
    "good": GOOD,
    "lines": GOOD.replace("><", ">\n<"),
    "box alone": f"<think>the sofa</think><answer>{BOX}</answer>",
    "Chinese": "<think>沙發是紅色的。</think><answer>紅色。</answer>",
    "Arabic": "<think>الأريكة حمراء</think><answer>أحمر</answer>",
    "emoji beside words": "<think>sofa 🛋️</think><answer>red 🟥</answer>",
    "long": f"<think>{'the sofa is red and ' * 300}</think><answer>It is red.</answer>",
    "over 77 tokens": f"<think>a</think><answer>{'a very old red sofa and ' * 60}</answer>",
    "comparison": "<think>2 < 3 and 3 > 2</think><answer>2 < 3</answer>",
}
ALL = {**BROKEN, **EXACT}
