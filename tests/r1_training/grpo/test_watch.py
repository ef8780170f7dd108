from __future__ import annotations

from r1_training.grpo.watch import WINDOW, alarm


def history(*phases: tuple[float, float]) -> list[dict[str, float]]:
    """`WINDOW` log lines of each (format, accuracy), with lines of another kind between."""
    rows = []
    for exact, right in phases:
        for _ in range(WINDOW):
            rows.append({"rewards/format/mean": exact, "accuracy": right})
            rows.append({"validation/mean": 0.5})
    return rows


def test_format_up_and_accuracy_down_is_the_mark_of_a_hack():
    warning = alarm(history((0.8, 0.5), (0.95, 0.4)))
    assert warning is not None and "0.800 -> 0.950" in warning and "0.500 -> 0.400" in warning


def test_nothing_else_is():
    for then, now in [
        ((0.8, 0.5), (0.95, 0.6)),  # both rise
        ((0.8, 0.5), (0.7, 0.4)),  # both fall
        ((0.8, 0.5), (0.805, 0.4)),  # format as it was
        ((0.8, 0.5), (0.95, 0.495)),  # accuracy as it was
    ]:
        assert alarm(history(then, now)) is None


def test_only_the_last_lines_count():
    assert alarm(history((0.8, 0.5), (0.95, 0.4), (0.95, 0.4))) is None
    assert alarm(history((0.95, 0.5))) is None and alarm([]) is None
