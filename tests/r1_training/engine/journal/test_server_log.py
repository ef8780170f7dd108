"""The server's log against the journal: what is settled, and what must not be believed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from r1_training.engine.errors import InputFileError, ServerLogError
from r1_training.engine.journal.journal import Journal
from r1_training.engine.journal.server_log import read_server_log, settle
from r1_training.engine.teachers.teacher import Usage

# Request id -> outcome (None: answered), tokens that the client was told.
REQUESTS = {
    "answered": (None, [10, 5]),
    "empty": ("empty", [4, 0]),
    "refused": ("failed", None),
    "never-connected": ("unsent", None),
    "cut": ("unsure", None),
    "lost": ("lost", None),
    "lost-too": ("lost", None),
}
LOG = {
    "answered": Usage(10, 5),
    "empty": Usage(4, 0),
    "refused": Usage(),
    "cut": Usage(7, 9),
    "lost": Usage(8, 1),
}


def journal(path: Path) -> Journal:
    """A journal with one request of each outcome, at most 0.5 dollars each."""
    written = Journal(path)
    for name, (outcome, usage) in REQUESTS.items():
        about = {"r": name, "k": f"item/{name}", "s": "reasoning"}
        written.append({"e": "sent", **about, "m": 0.5})
        if outcome is None:
            written.append({"e": "got", **about, "t": "text", "u": usage})
        else:
            written.append({"e": "fail", **about, "o": outcome, "x": "", "u": usage})
    written.close()
    return Journal(path)


def test_requests_in_doubt_are_settled_once_and_for_all(tmp_path: Path) -> None:
    opened = journal(tmp_path / "j")
    assert opened.state.spending.unsure_usd == 1.5
    settle(opened, LOG)
    for _ in range(2):  # now, and for whoever opens it later
        spending = opened.state.spending
        assert spending.unsure_usd == 0
        assert spending.requests == {
            "answered": 1, "empty": 1, "failed": 1, "unread": 2, "unsent": 2
        }  # fmt: skip
        assert spending.usage["reasoning"] == Usage(10 + 4 + 7 + 8, 5 + 0 + 9 + 1)
        opened.close()
        opened = Journal(tmp_path / "j")
    written = (tmp_path / "j").read_bytes()
    settle(opened, LOG)
    assert (tmp_path / "j").read_bytes() == written
    opened.close()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"answered": Usage(10, 6)}, "answered: the log has 10 . 6 tokens, the journal 10 . 5"),
        ({"answered": None}, "answered: the log has nothing"),
        ({"refused": Usage(1, 0)}, "refused: the log has 1"),
        ({"never-connected": Usage()}, "never-connected: the log has 0"),
        ({"of another run": Usage(1, 1)}, "of another run: not in the journal"),
    ],
)
def test_a_log_that_disagrees_settles_nothing(
    tmp_path: Path, change: dict[str, Usage | None], message: str
) -> None:
    opened = journal(tmp_path / "j")
    log = {name: usage for name, usage in {**LOG, **change}.items() if usage is not None}
    before = (tmp_path / "j").read_bytes()
    with pytest.raises(ServerLogError, match=message):
        settle(opened, log)
    opened.close()
    assert (tmp_path / "j").read_bytes() == before


def test_reading(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    rows = [{"id": "a", "input_tokens": 1, "output_tokens": 2, "model": "x"}]
    path.write_text("".join(json.dumps(row) + "\n\n" for row in rows))
    assert read_server_log(path) == {"a": Usage(1, 2)}


GOOD_LINE = '{"id": "a", "input_tokens": 1, "output_tokens": 2}'


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "log.jsonl:2: broken JSON"),
        ("[]", "log.jsonl:2: needs an object"),
        ('{"id": 3}', "log.jsonl:2: needs an object with the text `id`"),
        ('{"id": "b", "input_tokens": 1}', r"log.jsonl:2: needs whole .* \[1, None\]"),
        ('{"id": "b", "input_tokens": 1, "output_tokens": -2}', "whole"),
        (GOOD_LINE, "'a' comes twice"),
    ],
)
def test_broken_logs_name_file_and_line(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text(f"{GOOD_LINE}\n{line}\n")
    with pytest.raises(InputFileError, match=message):
        read_server_log(path)


def test_a_log_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputFileError, match="cannot be opened"):
        read_server_log(tmp_path / "none.jsonl")
