"""`play_bag`: the whole of `r1 play` as a function."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import rclpy
from rclpy.context import Context
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from r1_ros.bags.bag import Bag
from r1_ros.bags.player import InvalidPlayError, Player, PlayOptions, PlayReport
from r1_ros.runtime.dds_transport import use_large_message_transport
from r1_ros.runtime.node_states import NodeStates

_POLL_S = 0.2
_NAME = r"(~/|/)?[A-Za-z_][A-Za-z0-9_]*(/[A-Za-z_][A-Za-z0-9_]*)*"
_REMAP = re.compile(f"{_NAME}:={_NAME}")


def play_bag(
    path: Path | str,
    options: PlayOptions,
    *,
    remaps: Sequence[str] = (),
    wait_for_node: str = "",
    say: Callable[[str], object] = print,
) -> PlayReport:
    """Play a bag in this process until its end, SIGINT or SIGTERM.

    Args:
        path: the bag.
        options: how to play.
        remaps: `/old:=/new`, as ROS remap rules.
        wait_for_node: full name of a lifecycle node; playing begins when it is active.
        say: gets one line for everything a person should know.

    Raises:
        BagError: nothing in the bag can be played.
        InvalidPlayError: a remap rule or `wait_for_node` is malformed, or the bag is too short.
    """
    arguments = ["--ros-args", "--disable-rosout-logs"]
    for rule in remaps:
        if not _REMAP.fullmatch(rule):
            raise InvalidPlayError(f"a remap rule reads /old:=/new, got {rule!r}")
        arguments += ["-r", rule]
    if wait_for_node and not re.fullmatch(_NAME, wait_for_node):
        raise InvalidPlayError(f"wait_for_node: {wait_for_node!r} is no name of a node")
    with Bag(path) as bag, _node(arguments) as node:
        player = Player(bag, node, options, say)
        for rule in remaps:
            old = rule.partition(":=")[0]
            if f"/{old.lstrip('~/')}" not in bag.topics:
                say(f"remap {rule}: no topic {old} in the bag; it has {', '.join(bag.topics)}")
        for reason in player.report.left_out:
            say(f"left out: {reason}")
        for note in bag.notes:
            say(note)
        if bag.damage:
            say(f"damaged bag: {bag.damage}; playing the {bag.count} messages before that")
        say(f"playing {bag.path}: {bag.count} messages, {(bag.end - bag.start) / 1e9:.1f} s")
        with _stop_on_signal(player):
            if wait_for_node:
                say(f"waiting until {wait_for_node} is active")
                _wait_until_active(wait_for_node, player)
            report = player.play()
        if report.damage and not bag.damage:
            say(f"damaged bag: {report.damage}; played what lies before that")
        say(
            f"played {sum(report.counts.values())} messages in {report.seconds:.1f} s, "
            f"at most {report.max_late_s * 1e3:.0f} ms late"
        )
        return report


def _wait_until_active(node: str, player: Player) -> None:
    with NodeStates([node]) as states:
        while not player.stopped and states.read()[node] != "active":
            time.sleep(_POLL_S)


@contextmanager
def _node(arguments: list[str]) -> Iterator[Node]:
    use_large_message_transport()
    context = Context()
    rclpy.init(args=[], context=context, signal_handler_options=SignalHandlerOptions.NO)
    # The player must follow no clock but the wall's: it makes /clock.
    node = Node("r1_play", context=context, cli_args=arguments, start_parameter_services=False)
    try:
        yield node
    finally:
        node.destroy_node()
        context.shutdown()


@contextmanager
def _stop_on_signal(player: Player) -> Iterator[None]:
    signals = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, lambda *_: player.stop()) for number in signals]
    try:
        yield
    finally:
        for number, handler in zip(signals, before, strict=True):
            signal.signal(number, handler)
