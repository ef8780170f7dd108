"""`r1 score-replay`: the scores of what nodes said while a bag was played (`r1 evaluate bag`)."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from r1_training.common.messages import say, say_error
from r1_training.common.writable import OutputError, require_file
from r1_training.metrics.measures.boxes import pairwise_iou
from r1_training.metrics.measures.exact_match import cleaned_match, exact_match
from r1_training.metrics.protocols.scanqa import percent

_TEXT_TASKS = ("qa", "dialogue", "reasoning")
_BOX_TASKS = ("grounding", "object_caption")
_THRESHOLDS = (0.25, 0.5)
_FAILED = 1
_UNUSABLE = 2


def score_answers(answers: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Scores in percent by name, and how many questions each of them is of (`... questions`).

    `EM@1` and `EM-R` are those of ScanQA and LEO on questions with accepted answers; `Acc@0.25`
    and `Acc@0.5` those of ScanRefer for the best box that an answer gives to a grounding question;
    `objects found` is the share of a room's objects that a description names and meets with
    IoU 0.25; `plan steps` the share of the expected steps that a plan has in their order, less what
    it has besides; `views shown` the share of the asked objects that a chosen view shows, beside
    `views chance`, the share of all views that show one.

    Args:
        answers: rows of a record, see `r1_ros.evaluation.record`.
    """
    scores: dict[str, float] = {}
    texts = [r for r in answers if r["expected"]["answers"] and r["task"] in _TEXT_TASKS]
    if texts:
        pairs = [(row["answer"].strip(), row["expected"]["answers"]) for row in texts]
        scores["EM@1"] = percent([exact_match(text, wanted) for text, wanted in pairs])
        matches = [bool(text) and cleaned_match(text, wanted)[1] for text, wanted in pairs]
        scores["EM-R"] = percent(matches)
        scores["QA questions"] = len(texts)
    boxes = [r for r in answers if r["expected"]["objects"] and r["task"] in _BOX_TASKS]
    if boxes:
        best = [best_iou(row["objects"], row["expected"]["objects"]) for row in boxes]
        for threshold in _THRESHOLDS:
            scores[f"Acc@{threshold:g}"] = percent([iou >= threshold for iou in best])
        scores["mean IoU"] = 100 * float(np.mean(best))
        scores["grounding questions"] = len(boxes)
    rooms = [r for r in answers if r["expected"]["objects"] and r["task"] == "dense_caption"]
    if rooms:
        found = [
            any(
                _fits(said, thing) and _iou(said, thing) >= _THRESHOLDS[0]
                for said in row["objects"]
            )
            for row in rooms
            for thing in row["expected"]["objects"]
        ]
        scores["objects found"] = percent(found)
    plans = [r for r in answers if r["expected"]["steps"]]
    if plans:
        scores["plan steps"] = 100 * float(np.mean([plan_agreement(row) for row in plans]))
        scores["plans"] = len(plans)
    views = [row["view_shares"] for row in answers if row["view_shares"]]
    if views:
        scores["views shown"] = 100 * float(np.mean([share["shown"] for share in views]))
        scores["views of them"] = 100 * float(np.mean([share["views"] for share in views]))
        scores["views chance"] = 100 * float(np.mean([share["chance"] for share in views]))
    return scores


def best_iou(said: Sequence[Mapping[str, Any]], wanted: Sequence[Mapping[str, Any]]) -> float:
    """The largest IoU of a box that was said with one that was asked for; 0 without any."""
    return max((_iou(a, b) for a in said for b in wanted), default=0.0)


def plan_agreement(row: Mapping[str, Any]) -> float:
    """Longest common subsequence of the steps over the longer of the two plans, 0 to 1."""
    said, wanted = row["steps"], row["expected"]["steps"]
    table = np.zeros((len(said) + 1, len(wanted) + 1), int)
    for i, step in enumerate(said):
        for j, other in enumerate(wanted):
            same = table[i, j] + _same_step(step, other)
            table[i + 1, j + 1] = max(same, table[i, j + 1], table[i + 1, j])
    return float(table[-1, -1] / max(len(said), len(wanted), 1))


def _same_step(said: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """The same action on the same objects: their boxes meet, or their names fit without boxes."""
    if said["action"] != wanted["action"] or len(said["arguments"]) < len(wanted["objects"]):
        return False
    for place, thing in enumerate(wanted["objects"]):
        if place < len(said["objects"]):
            if _iou(said["objects"][place], thing) < _THRESHOLDS[0]:
                return False
        elif not _fits({"label": said["arguments"][place]}, thing):
            return False
    return True


def _fits(said: Mapping[str, Any], thing: Mapping[str, Any]) -> bool:
    """A dining table is a table."""
    names = said["label"].lower(), thing["label"].lower()
    return bool(names[0]) and (names[0] in names[1] or names[1] in names[0])


def _iou(a: Mapping[str, Any], b: Mapping[str, Any]) -> float:
    first, second = (np.array([[*box["center"], *box["size"]]], np.float64) for box in (a, b))
    return float(pairwise_iou(first, second)[0, 0])


def score_replay(
    record: Annotated[Path, typer.Argument(help="replay.json of `r1 evaluate bag`.")],
    out: Annotated[Path | None, typer.Option(help="Report as JSON.")] = None,
) -> None:
    """Score the record of a replay. Exit status 1 where an expectation does not hold."""
    errors = Console(stderr=True)
    try:
        if out is not None:
            require_file(out)
        run = json.loads(record.read_text(encoding="utf-8"))
        scores = score_answers(run["answers"])
    except (OSError, OutputError, json.JSONDecodeError, KeyError, TypeError) as error:
        say_error(f"{record}: {type(error).__name__}: {error}")
        raise typer.Exit(_UNUSABLE) from None
    held = [*run["expectations"], *_score_expectations(run["expected_scores"], scores)]
    report = {**run, "scores": scores, "expectations": held}
    _print(report, Console())
    if out is not None:
        out.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        say(errors, out, "report", "")
    if not all(item["held"] for item in held):
        raise typer.Exit(_FAILED)


def _score_expectations(
    expected: Mapping[str, float], scores: Mapping[str, float]
) -> list[dict[str, Any]]:
    found = []
    for name, least in expected.items():
        value = scores.get(name, math.nan)
        held = value >= least
        found.append({"name": f"{name} >= {least:g}", "held": held, "found": f"{value:.2f}"})
    return found


def _print(report: Mapping[str, Any], console: Console) -> None:
    table = Table(title=Text(f"{report['model']} on {Path(report['bag']).name}"), caption="percent")
    table.add_column("score")
    table.add_column("", justify="right", no_wrap=True)
    for name, value in report["scores"].items():
        table.add_row(name, f"{value:.2f}".removesuffix(".00"))
    console.print(table)
    for item in report["expectations"]:
        sign = "ok  " if item["held"] else "FAIL"
        console.print(f"{sign} {item['name']}: {item['found']}", highlight=False, markup=False)
    console.print(f"digest {report['digest']}", highlight=False)
