from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1_training.engine.items import number, question_type
from tests.r1_training.engine.engine_fixtures import item


def test_keys_are_unique_and_repeatable() -> None:
    repeated = [item(0), item(0, question="Another one?"), item(0), item(0), item(1)]
    numbered = list(number(repeated))
    assert [n.key for n in numbered] == [
        "scanqa/scene0000_00/q0",
        "scanqa/scene0000_00/q0#2",
        "scanqa/scene0000_00/q0#3",
        "scanqa/scene0000_00/q0#4",
        "scanqa/scene0000_00/q1",
    ]
    assert [n.duplicate_of for n in numbered] == ["", "", numbered[0].key, numbered[0].key, ""]
    assert [n.ordinal for n in numbered] == list(range(5))
    assert list(number(repeated)) == numbered


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xyz#")), max_size=20))
def test_no_two_items_share_a_key(pairs: list[tuple[str, str]]) -> None:
    keys = [n.key for n in number(item(question_id=a, question=b) for a, b in pairs)]
    assert len(set(keys)) == len(keys)
    first = list(number(item(question_id=a, question=b) for a, b in pairs))
    assert len({(n.question_id, n.question) for n in first if not n.duplicate_of}) == len(
        set(pairs)
    )


@pytest.mark.parametrize(
    "question, kind",
    [
        ("How many chairs are there?", "count"),
        ("What color is it?", "color"),
        (" Where is it", "place"),
        ("Is it open?", "yes_no"),
        ("What is on it?", "object"),
        ("Island or table?", "other"),
        ("", "other"),
        ("幾把？", "other"),
    ],
)
def test_question_type(question: str, kind: str) -> None:
    assert question_type(question) == kind
