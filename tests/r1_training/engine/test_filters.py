from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1_training.engine.filters import (
    PAPER,
    SANE,
    check_consistency,
    check_reply,
    count_steps,
    count_words,
    last_step,
    names_target,
    parse_reply,
    similarity,
)
from tests.r1_training.engine.engine_fixtures import GOOD, GOOD_THINK, item

LONG_ANSWER = "The chair is brown and " + "made of wood and " * 5


def levenshtein(first: str, second: str) -> int:
    """The textbook recursion as a table: slow and readable."""
    rows = [[0] * (len(second) + 1) for _ in range(len(first) + 1)]
    for i in range(len(first) + 1):
        for j in range(len(second) + 1):
            if i == 0 or j == 0:
                rows[i][j] = i + j
            else:
                rows[i][j] = min(
                    rows[i - 1][j] + 1,
                    rows[i][j - 1] + 1,
                    rows[i - 1][j - 1] + (first[i - 1] != second[j - 1]),
                )
    return rows[-1][-1]


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=25), st.text(max_size=25))
def test_similarity_is_the_papers(first: str, second: str) -> None:
    longest = max(len(first), len(second))
    expected = 1 - levenshtein(first, second) / longest if longest else 1.0
    assert similarity(first, second, normalize=False) == pytest.approx(expected, abs=1e-12)


def test_why_sane_normalizes() -> None:
    assert similarity("Brown.", "brown", normalize=False) == pytest.approx(1 - 2 / 6)
    assert similarity("Brown.", "brown", normalize=True) == 1.0
    assert similarity("...", "!!!", normalize=True) == 0.0
    assert similarity("", "", normalize=False) == 1.0


def test_threshold_is_inclusive() -> None:
    assert check_consistency("abcde", "abcdX", PAPER) == (pytest.approx(0.8), "")
    assert check_consistency("abcde", "abcXX", PAPER)[1] == "low_similarity"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "brown",
        "<think>a</think>",
        "<answer>a</answer>",
        "<think>a<answer>b</answer>",
        "<think>a</think><answer>b",
        "<answer>b</answer><think>a</think>",
        "<think>a</think><answer>b</answer>!",
        "so: <think>a</think><answer>b</answer>",
        "<think>a</think> then <answer>b</answer>",
        "<think></think><answer>b</answer>",
        "<think>a</think><answer> \n</answer>",
        "<think><think>a</think></think><answer>b</answer>",
        "<think>a</think><answer>b</answer><answer>c</answer>",
        "<think>a <answer>x</answer></think><answer>b</answer>",
        "```\n<think>a</think><answer>b</answer>\n```",
        "<THINK>a</THINK><ANSWER>b</ANSWER>",
        "<think>a</think><answer>b</answer>\x00",
    ],
)
def test_not_the_format(text: str) -> None:
    assert parse_reply(text) is None
    assert check_reply(text, item(), SANE) == (None, "format_missing")


def test_format_allows_space_and_newlines_only() -> None:
    reply = parse_reply(" <think>\n a\nb </think>\n\n<answer>書 📚</answer>\n")
    assert reply is not None
    assert (reply.think, reply.answer) == ("a\nb", "書 📚")


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="<>/think answer書. ", max_size=80))
def test_any_text_gets_a_verdict(text: str) -> None:
    reply, reason = check_reply(text, item(), SANE)
    assert (reply is None) == (reason == "format_missing")


def test_order_of_the_filters() -> None:
    """Each text breaks one filter and all after it: the first one is named."""
    think = "Step 1: a. Step 2: b. Conclusion: nothing."
    long = think + " word" * 30
    texts = {
        "<think>x": "format_missing",
        "<think>x</think><answer>no</answer>": "think_too_short",
        f"<think>{'word ' * 30}</think><answer>no</answer>": "answer_too_short",
        f"<think>{'word ' * 30}</think><answer>{LONG_ANSWER}</answer>": "insufficient_steps",
        f"<think>{long}</think><answer>{LONG_ANSWER}</answer>": "final_step_no_target_ref",
        f"<think>{long} the chair</think><answer>{LONG_ANSWER}</answer>": "",
    }
    assert {text: check_reply(text, item(), PAPER)[1] for text in texts} == texts


def test_presets_differ_on_short_answers() -> None:
    assert check_reply(GOOD, item(), PAPER)[1] == "answer_too_short"
    assert check_reply(GOOD, item(), SANE)[1] == ""


@pytest.mark.parametrize("words, reason", [(19, "answer_too_short"), (20, "")])
def test_twenty_words(words: int, reason: str) -> None:
    text = f"<think>{GOOD_THINK}</think><answer>{'word ' * words}</answer>"
    assert check_reply(text, item(), PAPER)[1] == reason


@pytest.mark.parametrize(
    "text, words",
    [
        ("", 0),
        ("...", 0),
        ("a well-known 2.5 m table", 5),
        ("it's 'quoted'", 2),
        ("餐桌周圍有四把椅子。", 9),
        ("sofa 和 table", 3),
        ("Tische über 📚 Böden", 3),
        ("にほん", 3),
        ("the mug <obj>1, 2, 3, 4, 5, 6</obj>.", 3),
    ],
)
def test_words(text: str, words: int) -> None:
    assert count_words(text) == words


@pytest.mark.parametrize(
    "think, steps",
    [
        ("Step 1: a. STEP 2: b. step3 c.", 3),
        ("First, a. Next, b. Finally, c.", 3),
        ("Firstly a; afterwards b; lastly c. Conclusion: d", 4),
        ("a stepladder, nextdoor, thence", 0),
        ("首先看椅子。然後數一數。最後得出結論：四把。", 4),
        ("第1步：看。第二步：数。结论：四。", 3),
    ],
)
def test_steps(think: str, steps: int) -> None:
    assert count_steps(think) == steps


def test_last_step() -> None:
    assert last_step(GOOD_THINK) == "Conclusion: the chair is brown."
    assert last_step("no cues at all") == "no cues at all"
    assert last_step("Step 1: a\nStep 2: the next chair") == "Step 2: the next chair"


def test_target_by_name_or_by_question() -> None:
    assert names_target("The Chairs are four.", item())
    assert not names_target("It is brown.", item())
    assert names_target("it is the CHAIR", item(targets=()))
    assert not names_target("the color is what it is", item(targets=()))
    assert names_target("共有四把椅子", item(targets=(), question="有幾把椅子？"))
    assert not names_target("共有四張桌", item(targets=(), question="有幾把椅子？"))
    assert not names_target("anything", item(targets=("", " ")))


@pytest.mark.parametrize(
    ("question", "targets", "step", "named"),
    [
        # Questions and object names of ScanQA.
        ("What color is the counter?", ("kitchen counter",), "The counter is white.", True),
        ("What color is the counter?", ("kitchen counter",), "It is white.", False),
        ("Where are the doors?", ("doors",), "The door is on the left.", True),
        ("What is on the wall?", ("tv",), "On the wall hangs a television.", True),
        ("What is on the wall?", ("tv",), "It is a television.", False),
        ("Where is the tv on the wall?", ("table", "tv"), "It hangs on the wall.", False),
        ("What color is the bed?", ("bed",), "The bedroom is blue.", False),
        ("What color is the large bed?", ("large bed",), "The bedroom is blue.", False),
        ("Where is the glass?", ("wine glass",), "The glasses stand on the table.", True),
    ],
)
def test_targets_are_named_as_people_name_them(
    question: str, targets: tuple[str, ...], step: str, named: bool
) -> None:
    assert names_target(step, item(question=question, targets=targets)) is named
