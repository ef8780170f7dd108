"""Expectations hold, or say what was found instead."""

from __future__ import annotations

import pytest

pytest.importorskip("rclpy")

from r1_ros.evaluation.expectations import judge
from r1_ros.evaluation.faults import Fault
from r1_ros.evaluation.health import Remark

pytestmark = pytest.mark.ros
RECORD = {
    "map": {"points": 500, "keyframes": 3},
    "play": {"dropped": 2, "lost": 0},
    "answers": [
        {"id": "a", "fault": False, "error": "", "seconds": 1.0},
        {"id": "b", "fault": False, "error": "no plan", "seconds": 3.0},
    ],
}
ERROR = Remark(50.0, "map", 2, "out of memory")
DROP = Fault(12, 3, "depth", "drop", within=5.0)


def held(expect: dict, remarks=(), faults=None, record=RECORD) -> dict[str, bool]:
    return {item.name: item.held for item in judge(expect, record, remarks, faults or {})}


def test_good_weather() -> None:
    assert held({"no_errors": True}) == {
        "every question is served": True,
        "no ERROR in /diagnostics": True,
    }
    assert not held({"no_errors": True}, [ERROR])["no ERROR in /diagnostics"]
    assert "no ERROR in /diagnostics" not in held({"no_errors": False}, [ERROR])


def test_an_error_while_a_fault_is_on_is_no_bad_weather() -> None:
    for began, fine in ((45.0, True), (30.0, False), (51.0, False)):
        result = held({"no_errors": True}, [ERROR], {DROP: began})
        assert result["no ERROR in /diagnostics"] == fine, began


def test_a_question_that_the_system_failed() -> None:
    record = RECORD | {"answers": [{"id": "a", "fault": True, "error": "silent", "seconds": 1.0}]}
    assert not held({}, record=record)["every question is served"]


@pytest.mark.parametrize(
    ("expect", "fine"),
    [
        ({"map_points": 500}, True),
        ({"map_points": 501}, False),
        ({"keyframes": 4}, False),
        ({"dropped": 2}, True),
        ({"dropped": 1}, False),
        ({"lost": 0}, True),
        ({"answer_seconds_p95": 3.0}, True),
        ({"answer_seconds_p95": 2.0}, False),
    ],
)
def test_numbers(expect: dict, fine: bool) -> None:
    *_, last = held(expect).values()
    assert last == fine


@pytest.mark.parametrize(
    ("remarks", "fine"),
    [
        ([], False),
        ([Remark(21.0, "depth", 1, "silent for 3 s")], True),
        ([Remark(21.0, "depth", 0, "receiving")], False),
        ([Remark(21.0, "color", 1, "silent for 3 s")], False),
        ([Remark(19.0, "depth", 1, "before the fault")], False),
        ([Remark(26.0, "depth", 1, "too late")], False),
    ],
)
def test_a_fault_must_be_reported_in_time_and_by_name(remarks: list, fine: bool) -> None:
    assert held({}, remarks, {DROP: 20.0})["drop of depth at 12 s is reported (WARN)"] == fine
