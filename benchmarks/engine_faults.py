"""The Scene-30K engine under faults and `kill -9`: do its books agree with the server's?

The real command and the real Gemini client against a local server that speaks the REST protocol,
breaks a tenth of its answers (stalls, 429, 500, 503, truncated JSON, cut connections, blocked
prompts and answers, no candidates, empty text) and counts for itself. Three drills:

- killed: SIGKILL to the command. Its child finishes what is in flight, so nothing is lost.
- power cut: SIGKILL to the child as well. Answers in flight are lost; by default they are not asked
  for again, so that nothing is paid for twice.
- power cut, --ask-again: the lost answers are asked for again.

At the end each is given the server's log (`--server-log`), which settles what the client cannot
know.

    python benchmarks/engine_faults.py [--items 2000] [--kills 3] [--out output/engine_faults.json]
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.r1_training.engine.kill_drill import Drill, drill

DRILLS = {
    "killed": {"kill_all": False, "ask_again": False},
    "power cut": {"kill_all": True, "ask_again": False},
    "power cut, --ask-again": {"kill_all": True, "ask_again": True},
}


def rows(result: Drill) -> dict[str, str]:
    report, settled = result.report, result.settled
    tokens, all_tokens = (
        sum(sum(stage.values()) for stage in books["tokens"].values())
        for books in (report, settled)
    )
    requests = report["requests"]
    in_doubt = requests.get("unsure", 0) + requests.get("lost", 0)
    received = sum(settled["requests"].values()) - settled["requests"].get("unsent", 0)
    return {
        "items": f"{result.items:,}",
        "kept": f"{result.kept:,}",
        "rejected, each with a reason": f"{result.rejected:,}",
        "of these: answer lost": f"{result.reasons.get('answer_lost', 0):,}",
        "kills": str(result.kills),
        "most requests at once (server)": str(result.most_at_once),
        "requests sent": f"{sum(requests.values()):,}",
        "  answered / failed / blocked / empty": " / ".join(
            str(requests.get(name, 0)) for name in ("answered", "failed", "blocked", "empty")
        ),
        "  no readable answer (unsure)": str(requests.get("unsure", 0)),
        "  in flight at a kill (lost)": str(requests.get("lost", 0)),
        "by the client alone, of certain requests:": "",
        "  requests": f"{sum(requests.values()) - in_doubt:,}",
        "  tokens": f"{tokens:,}",
        "  cost": f"${report['cost_usd']:.6f}",
        "  cost at most, with those in doubt": f"${report['cost_usd'] + report['unsure_usd']:.6f}",
        "after import of the server's log:": "",
        "  requests received, ours": f"{received:,}",
        "  requests received, server": f"{result.server_requests:,}",
        "  tokens, ours": f"{all_tokens:,}",
        "  tokens, server": f"{result.server_tokens:,}",
        "  cost, ours": f"${settled['cost_usd']:.6f}",
        "  cost, server": f"${result.server_usd:.6f}",
        "paid for twice (beyond retries)": str(result.billed_twice),
        "seconds, all runs": f"{result.seconds:.1f}",
        "what does not add up": "; ".join(result.problems) or "nothing",
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path("output/engine_faults.json"))
    options = parser.parse_args()
    results = {}
    for name, how in DRILLS.items():
        with tempfile.TemporaryDirectory() as folder:
            results[name] = drill(Path(folder), items=options.items, kills=options.kills, **how)
    table = Table("", *results, title="Engine against a faulty server, 10 % faults")
    columns = [rows(result) for result in results.values()]
    for label in columns[0]:
        table.add_row(label, *(column[label] for column in columns))
    Console(width=110).print(table)
    print(
        "Tokens of unsure and lost requests never reach the client. All other requests agree with\n"
        "the server's books one by one, by request id, without its help; these by its log."
    )
    options.out.parent.mkdir(parents=True, exist_ok=True)
    content = {name: asdict(result) for name, result in results.items()}
    options.out.write_text(json.dumps(content, indent=1) + "\n")
    if any(result.problems for result in results.values()):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
