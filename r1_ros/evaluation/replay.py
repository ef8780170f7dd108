"""`replay`: the whole of `r1 evaluate bag` but the scores."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import rclpy
import yaml
from rclpy.context import Context
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from r1_model.scene.scene import Scene
from r1_ros.bags.bag import Bag
from r1_ros.client import R1Client
from r1_ros.demo.outcome import Outcome, ask
from r1_ros.evaluation.expectations import Expectation, judge
from r1_ros.evaluation.health import Health
from r1_ros.evaluation.lockstep import LockstepPlayer
from r1_ros.evaluation.record import answer_record, digest_of, scene_record
from r1_ros.evaluation.scenario import Scenario
from r1_ros.runtime.dds_transport import use_large_message_transport
from r1_ros.runtime.node_states import NodeStates
from r1_ros.starting.bag_inputs import bag_topics, check_bag_inputs, mapper_topics
from r1_ros.starting.bag_transforms import check_bag_transforms
from r1_ros.starting.node_commands import NodeOptions, node_command
from r1_ros.starting.processes import ProcessGroup

NODES = ("scene_mapper", "scene_reasoner")
# Steps wait for what the mapper says, what a bag's own pace would bring within a second may take
# longer here, and best effort may lose. There is time for every frame.
_STEPPED = {"diagnostics_period": 0.1, "tf_timeout": 30.0, "fusion_rate": 0.0}
_RELIABLE = "qos_overrides.{}.subscription.reliability"
# Threads of the map's hash table race for its places, and points then come in another order.
_ONE_THREAD = {"OMP_NUM_THREADS": "1"}
_START_S = 300.0
_POLL_S = 0.2


class ReplayError(RuntimeError):
    """A replay could not be carried through; the message says what failed."""


@dataclass(frozen=True)
class ReplayOptions:
    """How to replay.

    Attributes:
        bag: what is played.
        out: folder for the record, logs and pictures.
        nodes: options of the nodes; their remaps say how the bag's topics are called.
        attach: the nodes run already; none is started.
        timeout: deadline of each answer, seconds.
    """

    bag: Path
    out: Path
    nodes: NodeOptions = field(default_factory=NodeOptions)
    attach: bool = False
    timeout: float = 120.0


@dataclass
class Replayed:
    """What came out: the record (plain values, see `record`), outcomes and the last map."""

    record: dict[str, Any]
    outcomes: list[Outcome]
    scene: Scene | None
    expectations: list[Expectation]


def replay(
    options: ReplayOptions, scenario: Scenario, say: Callable[[str], object] = print
) -> Replayed:
    """Play a bag through real nodes, in their own processes, and ask what the scenario asks.

    Raises:
        ReplayError: a node does not start or dies.
        BagError: nothing in the bag can be played.
        MissingInputsError: it has nothing to map from.
    """
    use_large_message_transport()
    if not options.attach:
        # An evaluation must not meet a robot: a domain of its own, on this machine.
        os.environ.setdefault("ROS_DOMAIN_ID", str(1 + os.getpid() % 100))
        os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    logs = options.out / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        bag = stack.enter_context(Bag(options.bag))
        for line in (*bag.notes, *([f"damaged bag: {bag.damage}"] if bag.damage else [])):
            say(line)
        check_bag_inputs(bag, options.nodes)
        if not options.attach:  # else somebody may publish transforms beside the bag
            check_bag_transforms(bag, options.nodes)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        group = stack.enter_context(ProcessGroup(say))
        if not options.attach:
            _start(group, options.nodes, folder, logs)
        health = stack.enter_context(Health())
        _wait_until_active(group, options, logs, say)
        client = stack.enter_context(R1Client(options.nodes.namespace))
        node = stack.enter_context(_node())
        run = _Run(options, scenario, health, client, group, logs, say)
        return run.play(bag, node)


class _Run:
    """One replay, while it lasts."""

    def __init__(
        self,
        options: ReplayOptions,
        scenario: Scenario,
        health: Health,
        client: R1Client,
        group: ProcessGroup,
        logs: Path,
        say: Callable[[str], object],
    ) -> None:
        self._options, self._scenario, self._health = options, scenario, health
        self._client, self._group, self._logs, self._say = client, group, logs, say
        self._rows: list[dict[str, Any]] = []
        self._outcomes: list[Outcome] = []
        self._scene: Scene | None = None

    def play(self, bag: Bag, node: Node) -> Replayed:
        player = LockstepPlayer(
            bag,
            node,
            self._health,
            bag_topics(self._options.nodes),
            self._scenario.faults,
        )
        self._say(f"playing {bag.path}: {bag.count} messages, {(bag.end - bag.start) / 1e9:.1f} s")
        before = self._counts("dropped")
        report = player.play([item.at for item in self._scenario.questions], self._ask)
        self._wait_for_reports(player)
        scene = self._scene = self._client.get_scene()
        record = {
            "bag": str(bag.path),
            "model": next((o.answer.model for o in self._outcomes if o.answer), ""),
            "map": scene_record(scene),
            "play": {
                **asdict(report),
                "damage": bag.damage,
                "dropped": self._counts("dropped") - before,
            },
            "answers": self._rows,
        }
        record["digest"] = digest_of(record)
        held = judge(self._scenario.expect, record, self._health.remarks, player.fault_began)
        record["expectations"] = [asdict(item) for item in held]
        record["expected_scores"] = dict(self._scenario.expect.get("scores", {}))
        return Replayed(record, self._outcomes, scene, held)

    def _ask(self, index: int) -> None:
        timed = self._scenario.questions[index]
        ended = self._group.ended()
        if ended is not None:
            raise ReplayError(f"{ended}; its log is {self._logs / f'{ended.name}.log'}")
        # the client keeps the map that it has; only what has changed is fetched
        self._scene = self._client.get_scene()
        outcome = ask(self._client, timed.question, self._options.timeout, execute=False)
        self._outcomes.append(outcome)
        known = dict(self._scenario.objects)
        self._rows.append(answer_record(timed, outcome, self._scene, known))
        self._say(f"{timed.question.text}\n  -> {outcome.text}  ({outcome.seconds:.1f} s)")

    def _counts(self, key: str) -> int:
        inputs = set(bag_topics(self._options.nodes).values())
        return sum(self._health.count(name, key) for name in inputs)

    def _wait_for_reports(self, player: LockstepPlayer) -> None:
        """A fault near the end of the bag may still be told of."""
        for fault, began in player.fault_began.items():
            while fault.expect and time.monotonic() - began < fault.within:
                self._health.wait(_POLL_S)


def write_record(record: dict[str, Any], path: Path) -> None:
    """The record of a run as JSON."""
    path.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _start(group: ProcessGroup, nodes: NodeOptions, folder: Path, logs: Path) -> None:
    stepped = folder / "stepped.yaml"
    values = _STEPPED | {_RELIABLE.format(topic): "reliable" for topic in bag_topics(nodes)}
    mapper, reasoner = (f"/{nodes.namespace}/{name}".replace("//", "/") for name in NODES)
    # what an earlier run saw must not name what this one sees
    own = {mapper: values, reasoner: {"keep_objects": False}}
    stepped.write_text(yaml.safe_dump({n: {"ros__parameters": v} for n, v in own.items()}))
    # the bag's topics are at the root, wherever the nodes are
    names = [topic.name for topic in mapper_topics(nodes)]
    relative = [name for name in names if not name.startswith("/")]
    remaps = {name: f"/{name}" for name in relative} | dict(nodes.remaps)
    for name in NODES:
        log = logs / f"{name}.log"
        log.unlink(missing_ok=True)
        command = node_command(name, replace(nodes, remaps=remaps), folder)
        command += ["--params-file", str(stepped)]
        group.start(name, command, log=log, environment=_ONE_THREAD if name == NODES[0] else None)


def _wait_until_active(
    group: ProcessGroup, options: ReplayOptions, logs: Path, say: Callable[[str], object]
) -> None:
    say("waiting for the nodes")
    deadline = time.monotonic() + _START_S
    with NodeStates(NODES, options.nodes.namespace) as states:
        while True:
            found = states.read()
            if all(state == "active" for state in found.values()):
                return
            ended = group.ended()
            if ended is not None or time.monotonic() > deadline:
                what = str(ended) if ended else f"not active: {found}"
                raise ReplayError(f"{what}; the logs are in {logs}")
            time.sleep(_POLL_S)


@contextmanager
def _node() -> Iterator[Node]:
    context = Context()
    rclpy.init(args=[], context=context, signal_handler_options=SignalHandlerOptions.NO)
    node = Node("r1_replay", context=context, start_parameter_services=False)
    try:
        yield node
    finally:
        node.destroy_node()
        context.try_shutdown()
