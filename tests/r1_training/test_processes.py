"""What starts other tests' processes tells when one of them fails, and leaves none behind."""

from __future__ import annotations

import pytest

from tests.r1_training import processes


def test_one_that_fails_ends_the_others(tmp_path, monkeypatch):
    monkeypatch.setattr(processes, "ROOT", tmp_path)
    (tmp_path / "uneven.py").write_text(
        "import os, sys, time\nprint('rank', os.environ['RANK'])\n"
        "sys.exit('no luck') if os.environ['RANK'] == '1' else time.sleep(600)\n"
    )
    with pytest.raises(AssertionError, match="(?s)exit statuses .-9, 1..*no luck"):
        processes.run_processes("uneven", 2)


def test_a_port_that_was_taken_is_changed(tmp_path, monkeypatch):
    monkeypatch.setattr(processes, "ROOT", tmp_path)
    (tmp_path / "second.py").write_text(
        "import pathlib, sys\nmark = pathlib.Path('mark')\n"
        "if not mark.exists():\n    mark.touch()\n    sys.exit('Address already in use')\n"
    )
    processes.run_processes("second", 1)
