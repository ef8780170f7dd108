from __future__ import annotations

import threading
import time

import pytest
import torch

from r1_training.tiny.prefetch import Prefetcher

CPU = torch.device("cpu")
cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
DEVICES = [CPU, pytest.param(torch.device("cuda", 0), marks=(pytest.mark.gpu, cuda))]


class BrokenBatchError(Exception):
    """Raised while a batch is prepared."""


@pytest.mark.parametrize("device", DEVICES, ids=str)
def test_batches_come_in_order_and_end_with_none(device):
    prefetcher = Prefetcher(lambda n: torch.full((1_000,), n, device=device) * 2, device)
    batches = iter(range(50))
    for n in range(50):
        ready = prefetcher.next(batches)
        # work that still reads the batch must not see the next one in its memory
        for _ in range(20):
            ready = ready + 1
        assert (ready == 2 * n + 20).all()
    assert prefetcher.next(batches) is None


@pytest.mark.parametrize("device", DEVICES, ids=str)
def test_a_new_iterator_starts_anew(device):
    prefetcher = Prefetcher(lambda n: n, device)
    first = iter("abc")
    assert prefetcher.next(first) == "a"
    again = iter("xyz")
    assert [prefetcher.next(again) for _ in range(4)] == ["x", "y", "z", None]


@pytest.mark.parametrize("device", DEVICES, ids=str)
def test_what_fails_while_preparing_is_raised_where_the_batch_is_asked_for(device):
    def fail(n: int) -> int:
        if n == 2:
            raise BrokenBatchError(n)
        return n

    prefetcher = Prefetcher(fail, device)
    batches = iter(range(5))
    assert [prefetcher.next(batches) for _ in range(2)] == [0, 1]
    with pytest.raises(BrokenBatchError, match="2"):
        prefetcher.next(batches)


@pytest.mark.parametrize("device", DEVICES, ids=str)
def test_nothing_prepared_has_a_gradient(device):
    weight = torch.ones(3, device=device, requires_grad=True)
    prefetcher = Prefetcher(lambda n: weight * n, device)
    assert not prefetcher.next(iter([2])).requires_grad


@pytest.mark.gpu
@cuda
def test_the_next_batch_is_made_in_another_thread():
    threads = []
    prefetcher = Prefetcher(lambda n: threads.append(threading.get_ident()), torch.device("cuda"))
    prefetcher.next(iter(range(3)))
    assert threads and threading.get_ident() not in threads


@pytest.mark.parametrize("device", DEVICES, ids=str)
def test_after_waiting_nothing_is_being_prepared(device):
    busy = []

    def prepare(n: int) -> int:
        busy.append(n)
        time.sleep(0.05)
        busy.remove(n)
        return n

    prefetcher = Prefetcher(prepare, device)
    prefetcher.wait()  # nothing was asked for yet
    batches = iter(range(5))
    for _ in range(3):
        prefetcher.next(batches)
        prefetcher.wait()
        assert not busy
