"""Runs the real command against the fake server, kills it, and audits both sides' books.

Used by the tests and by `benchmarks/engine_faults.py`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil

from tests.r1_training.engine.teachers.fake_gemini import FakeGemini

REPOSITORY = Path(__file__).resolve().parents[3]


def write_inputs(folder: Path, count: int) -> tuple[Path, Path]:
    """A ScanQA file and the scene captions for it."""
    colors = ("brown", "blue", "green", "white")
    rows = [
        {
            "question_id": f"train-{index}",
            "question": f"What {colors[index % 4]} object number {index} stands by the wall?",
            "answers": ["object"],
            "object_ids": [1],
            "object_names": ["object"],
        }
        for index in range(count)
    ]
    rows = [row | {"scene_id": TRAIN_SCENES[i % len(TRAIN_SCENES)]} for i, row in enumerate(rows)]
    captions = {
        scene: {"captions": ["A room with an object by the wall."]} for scene in TRAIN_SCENES
    }
    questions, descriptions = folder / "ScanQA.json", folder / "scene_caption.json"
    questions.write_text(json.dumps(rows))
    descriptions.write_text(json.dumps(captions))
    return questions, descriptions


# `r1 synthesize` alone: the whole command line would import torch for its other commands, three
# seconds that have nothing to do with this.
PROGRAM = "import typer; from r1_training.engine.cli import synthesize; typer.run(synthesize)"
TRAIN_SCENES = tuple(f"scene{space:04d}_00" for space in (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12))


@dataclass
class Drill:
    """What a drill found. Counts are of requests unless said otherwise.

    Attributes:
        items: in the input.
        kept, rejected: items in the two output files; `reasons` counts the rejects.
        kills: runs ended by SIGKILL.
        report: the engine's own report.
        server_requests, server_tokens, server_usd: the server's own books.
        problems: everything that does not add up; empty is what we want.
        settled: the engine's report after it was given the server's log.
        billed_twice: prompts that were paid for again after an answer, or after one lost in a kill.
        lost: requests in flight whose answer a kill destroyed.
        most_at_once: requests that the server worked on at the same time.
        seconds: wall time of all runs.
    """

    items: int
    kept: int
    rejected: int
    reasons: dict[str, int]
    kills: int
    report: dict[str, Any]
    server_requests: int
    server_tokens: int
    server_usd: float
    problems: list[str]
    settled: dict[str, Any]
    billed_twice: int
    lost: int
    most_at_once: int
    seconds: float


def command(out: Path, questions: Path, descriptions: Path, config: Path, *more: str) -> list[str]:
    program = [sys.executable, "-c", PROGRAM, str(out)]
    inputs = ["--items", f"scanqa={questions}", "--describe", f"captions={descriptions}"]
    return [*program, *inputs, "--config", str(config), *more]


def environment(key: str = "test-key") -> dict[str, str]:
    return os.environ | {"GOOGLE_API_KEY": key, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}


def write_config(path: Path, endpoint: str, **limits: float) -> Path:
    """Settings with short times, so that a drill is quick."""
    limits = {
        "concurrency": 50,
        "first_backoff_seconds": 0.05,
        "max_backoff_seconds": 1.0,
        "max_attempts": 6,
    } | limits
    lines = [f"teacher:\n  endpoint: {endpoint}\n  timeout_seconds: 1.0\n", "limits:\n"]
    path.write_text("".join(lines) + "".join(f"  {k}: {v}\n" for k, v in limits.items()))
    return path


def drill(
    folder: Path,
    *,
    items: int,
    kills: int,
    fault_rate: float = 0.1,
    latency: tuple[float, float] = (0.02, 0.15),
    kill_all: bool = False,
    ask_again: bool = False,
) -> Drill:
    """Run to the end with `kills` SIGKILLs on the way, then audit.

    Args:
        kill_all: also the child that guards the requests in flight, as a power cut would.
        ask_again: with --ask-again in the last run.
    """
    questions, descriptions = write_inputs(folder, items)
    out = folder / "out"
    start = time.monotonic()
    # Longer than the client's patience: the server bills what the client never hears of.
    with FakeGemini(fault_rate=fault_rate, latency=latency, stall_seconds=1.5, seed=1) as server:
        config = write_config(folder / "config.yaml", server.url)
        arguments = command(out, questions, descriptions, config)
        for number in range(1, kills + 1):
            _kill_at(arguments, server, round(number * 2 * items / (kills + 1.5)), kill_all)
        _finish([*arguments, *(["--ask-again"] if ask_again else [])])
        seconds = time.monotonic() - start
        found = audit(out, items, kills, server, seconds, ask_again)
        log = server.write_log(folder / "server.jsonl")
        _finish([*arguments, "--server-log", str(log)])
        settled, problems = audit_settled(out, server, found.report)
        return replace(found, settled=settled, problems=[*found.problems, *problems])


def _finish(arguments: list[str]) -> None:
    done = subprocess.run(
        arguments, env=environment(), cwd=REPOSITORY, capture_output=True, text=True
    )
    if done.returncode != 0:
        raise RuntimeError(f"exit code {done.returncode}: {done.stderr[-2000:]}")


def _kill_at(arguments: list[str], server: FakeGemini, requests: int, kill_all: bool) -> None:
    """Start the command; SIGKILL it, with its answers on the way, at so many requests."""
    process = subprocess.Popen(
        arguments,
        env=environment(),
        cwd=REPOSITORY,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 120
        while len(server.received) < requests:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"it ended or hung before request {requests}")
            time.sleep(0.005)
    finally:
        children = psutil.Process(process.pid).children()
        process.kill()
        process.wait()
        if kill_all:
            for child in children:
                child.kill()


def audit(
    out: Path, items: int, kills: int, server: FakeGemini, seconds: float, ask_again: bool
) -> Drill:
    """Hold the output files, the journal and the server's books against each other."""
    kept = [json.loads(line) for line in (out / "Scene-30K.jsonl").open()]
    rejects = [json.loads(line) for line in (out / "rejects.jsonl").open()]
    report = json.loads((out / "report.json").read_text())
    events = [json.loads(line) for line in (out / "journal.jsonl").open()]
    problems = []

    def check(ok: bool, problem: str) -> None:
        if not ok:
            problems.append(problem)

    ids = Counter(record["question_id"] for record in [*kept, *rejects])
    check(set(ids) == {f"train-{i}" for i in range(items)}, "items missing or invented")
    check(max(ids.values()) == 1, "an item ends more than once")
    check(all(record["reject_reason"] for record in rejects), "a reject without a reason")

    time.sleep(0.3)  # the server's last threads finish writing their books
    server_by_id = {received.id: received for received in server.received}
    check(len(server_by_id) == len(server.received), "a request id was sent twice")
    outcome_by_id = {e["r"]: e.get("o", "answered") for e in events if e["e"] in ("got", "fail")}
    sent = {e["r"] for e in events if e["e"] == "sent"}
    check(sent == set(outcome_by_id), "a request without an outcome")
    check(set(server_by_id) <= sent, "the server received what the journal does not know")
    not_received = Counter(outcome_by_id[request] for request in sent - set(server_by_id))
    check(set(not_received) <= {"lost", "unsent"}, f"never received: {dict(not_received)}")
    counted = Counter(outcome_by_id.values())
    check(dict(counted) == report["requests"], "the report's request counts differ")
    received = sum(counted.values()) - not_received["lost"] - counted["unsent"]
    check(received == len(server.received), "request counts differ from the server's")

    uncertain = {r for r, outcome in outcome_by_id.items() if outcome in ("unsure", "lost")}
    certain = [r for r in server.received if r.id not in uncertain]
    tokens = [sum(r.input_tokens for r in certain), sum(r.output_tokens for r in certain)]
    ours = [sum(stage[side] for stage in report["tokens"].values()) for side in ("input", "output")]
    check(tokens == ours, f"tokens: the server has {tokens}, we have {ours}")
    check(abs(server.cost(certain) - report["cost_usd"]) < 1e-9, "costs differ")
    extra = server.cost([r for r in server.received if r.id in uncertain])
    check(extra <= report["unsure_usd"] + 1e-9, "more was billed in doubt than reported")

    bills: dict[str, list[str]] = {}
    for r in server.received:
        if r.output_tokens:
            bills.setdefault(r.prompt, []).append(outcome_by_id[r.id])
    twice = [outcomes for outcomes in bills.values() if len(outcomes) > 1]
    for outcomes in twice:
        # After an answer, nothing is asked again. An answer that arrived broken or empty is:
        # that is what a retry is. One that was lost in a kill is with --ask-again only.
        final = {"answered"} if ask_again else {"answered", "lost"}
        check(not final & set(outcomes[:-1]), f"paid twice: {outcomes}")
    return Drill(
        items=items,
        kept=len(kept),
        rejected=len(rejects),
        reasons=dict(Counter(r["reject_reason"] for r in rejects).most_common()),
        kills=kills,
        report=report,
        server_requests=len(server.received),
        server_tokens=sum(r.input_tokens + r.output_tokens for r in server.received),
        server_usd=server.cost(),
        problems=problems,
        settled={},
        billed_twice=sum("answered" in bill[:-1] or "lost" in bill[:-1] for bill in twice),
        lost=counted["lost"],
        most_at_once=server.most_at_once,
        seconds=seconds,
    )


def audit_settled(
    out: Path, server: FakeGemini, before: dict[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    """The report after the server's log settled what was in doubt, and what does not add up."""
    report = json.loads((out / "report.json").read_text())
    requests, tokens = report["requests"], report["tokens"]
    ours = {
        "requests": sum(requests.values()) - requests.get("unsent", 0),
        "input tokens": sum(stage["input"] for stage in tokens.values()),
        "output tokens": sum(stage["output"] for stage in tokens.values()),
        "micro-dollars": round(report["cost_usd"] * 1e6, 6),
        "in doubt": report["unsure_usd"] + requests.get("unsure", 0) + requests.get("lost", 0),
        "items": (report["kept"], report["rejected"]),
    }
    theirs = {
        "requests": len(server.received),
        "input tokens": sum(r.input_tokens for r in server.received),
        "output tokens": sum(r.output_tokens for r in server.received),
        "micro-dollars": round(server.cost() * 1e6, 6),
        "in doubt": 0,
        "items": (before["kept"], before["rejected"]),
    }
    different = [name for name in ours if ours[name] != theirs[name]]
    return report, [f"settled, {n}: ours {ours[n]}, server's {theirs[n]}" for n in different]
