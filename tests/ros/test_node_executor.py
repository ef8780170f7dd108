"""NodeExecutor: who runs where, errors, and no spinning while callbacks wait."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import rclpy
from r1_ros.action import ExecutePlan
from rclpy.action import ActionServer
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup, ReentrantCallbackGroup
from rclpy.executors import Executor
from rclpy.node import Node
from rclpy.task import Future
from std_srvs.srv import Trigger

from r1_ros.runtime.action_client import ThreadSafeActionClient
from r1_ros.runtime.executor import NodeExecutor, destroy_waitable

pytestmark = pytest.mark.ros


@pytest.fixture
def node() -> Iterator[Node]:
    rclpy.init()
    node = Node("executed")
    yield node
    node.destroy_node()
    rclpy.try_shutdown()


def spin_until(executor: Executor, ready, seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < deadline
        executor.spin_once(timeout_sec=0.05)


def test_the_inline_group_runs_in_the_spinning_thread_and_others_beside_it(node: Node) -> None:
    inline, other = MutuallyExclusiveCallbackGroup(), ReentrantCallbackGroup()
    threads: dict[str, set[int]] = {"inline": set(), "other": set()}
    release = threading.Event()

    def blocked() -> None:
        threads["other"].add(threading.get_ident())
        release.wait(10)

    node.create_timer(0.01, lambda: threads["inline"].add(threading.get_ident()), inline)
    timers = [node.create_timer(0.01, blocked, other) for _ in range(2)]
    executor = NodeExecutor(4, inline)
    executor.add_node(node)
    # both timers block in the pool; the inline one goes on
    spin_until(executor, lambda: len(threads["other"]) >= 2 and threads["inline"])
    assert threads["inline"] == {threading.get_ident()}
    assert threading.get_ident() not in threads["other"]
    for timer in timers:
        timer.cancel()
    release.set()
    executor.shutdown()


@pytest.mark.parametrize("where", ["inline", "pool"])
def test_what_a_callback_raises_is_raised_by_spin(node: Node, where: str) -> None:
    group = MutuallyExclusiveCallbackGroup()

    def fail() -> None:
        raise ZeroDivisionError("in a callback")

    timer = node.create_timer(0.01, fail, group)
    executor = NodeExecutor(2, group if where == "inline" else None)
    executor.add_node(node)
    with pytest.raises(ZeroDivisionError, match="in a callback"):
        spin_until(executor, lambda: False)
    timer.cancel()
    executor.shutdown()


def test_a_callback_may_call_a_service_of_its_own_node(node: Node) -> None:
    group = ReentrantCallbackGroup()
    node.create_service(
        Trigger, "answer", lambda _, r: Trigger.Response(success=True), callback_group=group
    )
    client = node.create_client(Trigger, "answer", callback_group=group)
    answered = threading.Event()

    def ask() -> None:
        timer.cancel()
        done = threading.Event()
        future = client.call_async(Trigger.Request())
        future.add_done_callback(lambda _: done.set())
        if done.wait(10) and future.result().success:
            answered.set()

    timer = node.create_timer(0.01, ask, group)
    executor = NodeExecutor(3)
    executor.add_node(node)
    spin_until(executor, answered.is_set)
    executor.shutdown()


def test_action_servers_vanish_while_the_executor_waits(node: Node) -> None:
    """The wait set is made all the time; rclpy's own `destroy` ends it within some hundreds."""
    group = ReentrantCallbackGroup()
    ended = threading.Event()

    def make_and_destroy() -> None:
        work.cancel()
        for number in range(150):
            server = ActionServer(node, ExecutePlan, f"plan_{number}", lambda _: None)
            client = ThreadSafeActionClient(node, ExecutePlan, f"plan_{number}")
            for waitable in (server, client):
                destroy_waitable(node, waitable.destroy)
        ended.set()

    work = node.create_timer(0.01, make_and_destroy, group)
    node.create_timer(0.0005, lambda: None, MutuallyExclusiveCallbackGroup())
    executor = NodeExecutor(3)
    executor.add_node(node)
    spin_until(executor, ended.is_set, 60.0)
    executor.shutdown()


def test_what_is_done_between_waits_raises_where_it_was_asked_for(node: Node) -> None:
    executor = NodeExecutor(2)
    executor.add_node(node)

    def fail() -> None:
        raise ZeroDivisionError("between waits")

    def attempt() -> None:
        with pytest.raises(ZeroDivisionError, match="between waits"):
            executor.between_waits(fail)

    attempt()  # nobody spins yet
    with ThreadPoolExecutor(1) as pool:
        executor.spin_once(timeout_sec=0.0)
        attempted = pool.submit(attempt)
        spin_until(executor, attempted.done)
        attempted.result()
        attempt()  # in the thread that spins
        late = threading.Event()
        waiting = pool.submit(lambda: executor.between_waits(late.set))
        executor.shutdown()  # nobody will spin again
        waiting.result(timeout=10)
    assert late.is_set()


def test_nobody_waits_for_an_executor_that_has_nothing_to_do(node: Node) -> None:
    executor = NodeExecutor(2)
    executor.add_node(node)
    with ThreadPoolExecutor(2) as pool:
        spinning = pool.submit(executor.spin)
        deadline = time.monotonic() + 10.0
        while executor._spinning is None:
            assert time.monotonic() < deadline
        for _ in range(5):
            pool.submit(executor.between_waits, lambda: None).result(timeout=5.0)
        executor.shutdown()
        spinning.result(timeout=5.0)


@pytest.mark.parametrize("threads", [1, 4])
def test_waiting_costs_no_time(node: Node, threads: int) -> None:
    """A blocked callback, more callbacks than threads, and a coroutine that waits."""
    group = ReentrantCallbackGroup()
    release, forever = threading.Event(), Future()
    blocked = [node.create_timer(0.01, lambda: release.wait(10), group) for _ in range(3)]

    async def waits() -> None:
        coroutine.cancel()
        await forever

    coroutine = node.create_timer(0.01, waits, group)
    executor = NodeExecutor(threads)
    executor.add_node(node)
    for _ in range(20):
        executor.spin_once(timeout_sec=0.05)
    cpu, wall = time.process_time(), time.monotonic()
    while time.monotonic() < wall + 1.0:
        executor.spin_once(timeout_sec=0.1)
    assert time.process_time() - cpu < 0.6  # rclpy's own takes all of it
    for timer in blocked:
        timer.cancel()
    forever.set_result(None)
    release.set()
    executor.shutdown()
