"""What a process knows of those beside it."""

from __future__ import annotations

from r1_training.common.processes import Processes


def test_without_torchrun_there_is_one(monkeypatch):
    for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK"):
        monkeypatch.delenv(name, raising=False)
    alone = Processes.from_environment()
    assert alone == Processes(0, 1, 0) and alone.first
    assert alone.share([1, 2, 3]) == [1, 2, 3]
    assert alone.gather("x") == ["x"]
    alone.wait()
    alone.close()


def test_torchrun_says_who_is_who_and_all_is_shared(monkeypatch):
    shares = []
    for rank in range(3):
        for name, value in (("RANK", rank), ("WORLD_SIZE", 3), ("LOCAL_RANK", rank % 2)):
            monkeypatch.setenv(name, str(value))
        own = Processes.from_environment()
        assert own == Processes(rank, 3, rank % 2) and own.first == (rank == 0)
        shares += own.share(range(10))
    assert sorted(shares) == list(range(10))
