"""Run the demo: everything in processes of its own, as on a robot."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from r1_model.scene.scene import Scene
from r1_ros.bags.bag import Bag, BagError
from r1_ros.client import NoResponseError, R1Client, RequestFailedError, ServerMissingError
from r1_ros.demo.outcome import Outcome, ask
from r1_ros.demo.questions import Question
from r1_ros.runtime.dds_transport import use_large_message_transport
from r1_ros.runtime.node_states import NodeStates
from r1_ros.starting.bag_inputs import MissingInputsError, check_bag_inputs
from r1_ros.starting.bag_transforms import check_bag_transforms
from r1_ros.starting.node_commands import NODES, NodeOptions, node_command
from r1_ros.starting.processes import ProcessGroup

# The example living room (see `questions.ROOM_QUESTIONS`), small enough for two cores.
_ROOM = ("--example", "1", "--frames", "60", "--width", "320", "--height", "240")
_START_S = 180.0
_POLL_S = 0.2
_IDLE = ("unconfigured", "inactive", "finalized")
_IDLE_S = 2.0
_QUIET_S = 1.0  # the map is complete when it has not changed for this long


class DemoError(RuntimeError):
    """The demo could not be carried through; the message says what failed and where its log is."""


@dataclass(frozen=True)
class DemoOptions:
    """What to do.

    Attributes:
        out: folder for pictures, logs and, without `bag`, the recording.
        questions: what to ask.
        nodes: options of the nodes.
        bag: play this one; None: a synthetic room is made.
        rate: how fast the bag is played.
        timeout: deadline of each answer, seconds.
    """

    out: Path
    questions: Sequence[Question]
    nodes: NodeOptions
    bag: Path | None = None
    rate: float = 1.0
    timeout: float = 60.0


@dataclass
class DemoResult:
    """What came out: answers, the map, and how long each stage took (seconds, by name)."""

    outcomes: list[Outcome] = field(default_factory=list)
    scene: Scene | None = None
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def mapped(self) -> Scene:
        """The map.

        Raises:
            DemoError: nothing was played yet.
        """
        if self.scene is None:
            raise DemoError("there is no map yet")
        return self.scene


class Demo:
    """One run.

    Args:
        options: what to do.
        say: gets a line at the beginning of each stage.
        on_outcome: gets each answer as it comes.
    """

    def __init__(
        self,
        options: DemoOptions,
        say: Callable[[str], object] = print,
        on_outcome: Callable[[Outcome], object] = lambda _: None,
    ) -> None:
        self._options = options
        self._say = say
        self._on_outcome = on_outcome
        self._logs = options.out / "logs"
        self.result = DemoResult()

    def run(self) -> DemoResult:
        """Do it.

        Raises:
            DemoError: a stage failed.
        """
        if self._options.bag is not None:
            self._check_bag(self._options.bag)  # before a model loads for it
        use_large_message_transport()
        # A demo must not meet a robot: a domain of its own, on this machine.
        os.environ.setdefault("ROS_DOMAIN_ID", str(1 + os.getpid() % 100))
        os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
        try:
            self._logs.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DemoError(f"cannot write to {self._options.out}: {error}") from None
        with tempfile.TemporaryDirectory() as folder, ProcessGroup(self._say) as group:
            # The nodes load while the room is rendered.
            self._start_nodes(group, Path(folder))
            namespace = self._options.nodes.namespace
            with NodeStates(NODES, namespace) as states, R1Client(namespace) as client:
                if self._options.bag is None:
                    bag = self._make_recording(Path(folder))
                    # The room is short: it is played while the model still loads.
                    self._wait_for(group, states, "the mapper", ("scene_mapper",))
                    self._play(group, client, bag)
                    self._wait_for(group, states, "the model", NODES)
                else:
                    # It may last for hours; first it must be known that the model loads.
                    self._wait_for(group, states, "the nodes", NODES)
                    self._play(group, client, self._options.bag)
                self._ask(group, client)
            stopping = time.monotonic()
        self.result.seconds["stop the nodes"] = time.monotonic() - stopping
        return self.result

    def _check_bag(self, path: Path) -> None:
        if not path.exists():
            raise DemoError(f"no such bag: {path}")
        try:
            with Bag(path) as bag:
                check_bag_inputs(bag, self._options.nodes)
                check_bag_transforms(bag, self._options.nodes)
        except (BagError, MissingInputsError) as error:
            raise DemoError(str(error)) from error

    @contextmanager
    def _stage(self, name: str) -> Iterator[None]:
        self._say(name)
        began = time.monotonic()
        yield
        self.result.seconds[name] = time.monotonic() - began

    def _start_nodes(self, group: ProcessGroup, folder: Path) -> None:
        for node in NODES:
            command = node_command(node, self._options.nodes, folder)
            group.start(node, command, log=self._fresh_log(node))

    def _make_recording(self, folder: Path) -> Path:
        room, bag = folder / "room", folder / "room_bag"
        python = (sys.executable, "-m")
        with self._stage("render a room"):
            command = (*python, "r1_training.cli", "synthesize-room", str(room), *_ROOM)
            self._run_to_end("synthesize-room", command)
        with self._stage("record it"):
            self._run_to_end("record", (*python, "r1_ros.cli.main", "record", str(room), str(bag)))
        return bag

    def _run_to_end(self, name: str, command: Sequence[str]) -> None:
        with ProcessGroup(self._say) as group:
            group.start(name, command, log=self._fresh_log(name))
            status = group.wait(name, _START_S)
        if status != 0:
            raise DemoError(self._failure(f"{name} failed ({status})", name))

    def _wait_for(
        self, group: ProcessGroup, states: NodeStates, what: str, names: Sequence[str]
    ) -> None:
        with self._stage(f"wait for {what}"):
            idle_since: dict[str, float] = {}
            deadline = time.monotonic() + _START_S
            while True:
                found, now = states.read(), time.monotonic()
                waiting = {name: found[name] for name in names if found[name] != "active"}
                if not waiting:
                    return
                self._check(group)
                for name, state in waiting.items():
                    # It is there and does not even try: its configuration has failed.
                    since = idle_since.setdefault(name, now) if state in _IDLE else now
                    if state not in _IDLE:
                        idle_since.pop(name, None)
                    if now - since > _IDLE_S or now > deadline:
                        raise DemoError(self._failure(f"{name} is {state}, not active", name))
                time.sleep(_POLL_S)

    def _play(self, group: ProcessGroup, client: R1Client, bag: Path) -> None:
        command = (sys.executable, "-m", "r1_ros.cli.main", "play", str(bag))
        with self._stage("play and map"):
            with ProcessGroup(self._say) as player:
                rate = ("--rate", str(self._options.rate))
                player.start("play", (*command, *rate), log=self._fresh_log("play"))
                while (status := player.wait("play", _POLL_S)) is None:
                    self._check(group)
            if status not in (0, 3):  # 3: a damaged bag; what can be read was played
                raise DemoError(self._failure(f"playing {bag} failed ({status})", "play"))
            scene = self.result.scene = self._settled_scene(client)
        points, views = len(scene.points), len(scene.views)
        if not points:
            raise DemoError(self._failure("the map is empty after playing", "scene_mapper"))
        self._say(f"{points} points, {views} keyframes in {scene.frame_id}")

    def _settled_scene(self, client: R1Client) -> Scene:
        """The map once the mapper has worked off what was played."""
        scene, since = None, time.monotonic()
        while True:
            try:
                now = client.get_scene()
            except (NoResponseError, ServerMissingError) as error:
                raise DemoError(self._failure(str(error), "scene_mapper")) from error
            except RequestFailedError as error:
                raise DemoError(self._failure(str(error), "scene_mapper")) from error
            if now is not scene:
                scene, since = now, time.monotonic()
            if time.monotonic() - since > _QUIET_S:
                return scene
            time.sleep(_POLL_S)

    def _ask(self, group: ProcessGroup, client: R1Client) -> None:
        with self._stage("ask"):
            for question in self._options.questions:
                outcome = ask(client, question, self._options.timeout)
                self._check(group)
                self.result.outcomes.append(outcome)
                self._on_outcome(outcome)

    def _check(self, group: ProcessGroup) -> None:
        ended = group.ended()
        if ended is not None:
            raise DemoError(self._failure(str(ended), ended.name))

    def _fresh_log(self, name: str) -> Path:
        path = self._logs / f"{name}.log"
        path.unlink(missing_ok=True)
        return path

    def _failure(self, what: str, name: str) -> str:
        path = self._logs / f"{name}.log"
        tail = path.read_text(errors="replace").strip().splitlines()[-5:] if path.exists() else []
        return "\n".join([f"{what}; its log is {path}", *tail])
