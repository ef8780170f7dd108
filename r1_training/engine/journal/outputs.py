"""The output files, written from the journal: each item exactly once, in the order of the input."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from r1_training.common.whole_files import written_whole
from r1_training.engine.config import EngineConfig
from r1_training.engine.journal.journal import read_events
from r1_training.engine.journal.journal_state import JournalState
from r1_training.engine.teachers.teacher import STAGES

KEPT_NAME = "Scene-30K.jsonl"
REJECTED_NAME = "rejects.jsonl"
CAPTIONS_NAME = "scene_caption.json"
REPORT_NAME = "report.json"


@dataclass(frozen=True)
class Report:
    """What a run, and all runs before it in the same folder, did.

    Attributes:
        outcome: `complete`, `kept enough`, `budget reached` or `interrupted`.
        kept, rejected: items ended; `rejected` by reason.
        requests: outcome -> requests; see `budget.Spending`.
        tokens: stage -> {"input", "output"} that the server reported.
        cost_usd: what the server is known to bill.
        unsure_usd: upper bound of what it may have billed beyond that, for requests without a
            readable answer; 0 once the server's log has settled them.
        seconds: of this run.
    """

    outcome: str
    kept: int
    rejected: dict[str, int]
    requests: dict[str, int]
    tokens: dict[str, dict[str, int]]
    cost_usd: float
    unsure_usd: float
    seconds: float


def write_outputs(
    folder: Path, journal: Path, config: EngineConfig, outcome: str, seconds: float
) -> Report:
    """Write kept items, rejects, scene captions and the report; each file appears whole or not.

    Raises:
        JournalError: the journal is damaged.
        OSError: a file cannot be written; the journal is not touched.
    """
    state = JournalState()
    captions: list[int] = []
    for offset, event in read_events(journal):
        state.apply(event, offset)
        if event["e"] == "scene":
            captions.append(offset)
    endings = sorted(state.ended.values(), key=lambda ending: ending.ordinal)
    kept = [ending.offset for ending in endings if not ending.reason]
    rejected = [ending.offset for ending in endings if ending.reason]
    reasons = Counter(ending.reason for ending in endings if ending.reason)
    with journal.open("rb") as file:

        def events(offsets: Iterable[int]) -> Iterable[dict[str, Any]]:
            for offset in offsets:
                file.seek(offset)
                yield json.loads(file.readline())

        _write_lines(folder / KEPT_NAME, (event["d"] for event in events(kept)))
        _write_lines(folder / REJECTED_NAME, (event["d"] for event in events(rejected)))
        scenes: dict[str, list[str]] = {}
        for event in events(captions):
            scenes.setdefault(event["k"], []).append(event["t"])
    texts = {scene: {"captions": captions} for scene, captions in sorted(scenes.items())}
    _write_text(folder / CAPTIONS_NAME, [json.dumps(texts, ensure_ascii=False, indent=1), "\n"])
    spending = state.spending
    report = Report(
        outcome=outcome,
        kept=len(kept),
        rejected=dict(reasons.most_common()),
        requests=dict(spending.requests.most_common()),
        tokens={
            stage: {
                "input": spending.usage[stage].input_tokens,
                "output": spending.usage[stage].output_tokens,
            }
            for stage in STAGES
        },
        cost_usd=round(spending.cost(config), 9),
        unsure_usd=round(spending.unsure_usd, 9),
        seconds=round(seconds, 3),
    )
    _write_text(folder / REPORT_NAME, [json.dumps(asdict(report), indent=1), "\n"])
    return report


def _write_lines(path: Path, records: Iterable[dict[str, Any]]) -> None:
    _write_text(path, (json.dumps(record, ensure_ascii=False) + "\n" for record in records))


def _write_text(path: Path, parts: Iterable[str]) -> None:
    # Lone surrogates of a broken input have no UTF-8; in JSON they may stand escaped.
    with (
        written_whole(path) as part,
        part.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as file,
    ):
        file.writelines(parts)
