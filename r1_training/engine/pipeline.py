"""One item, from its question to its end: kept, or rejected with the reason."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from r1_training.engine.config import EngineConfig
from r1_training.engine.errors import (
    BlockedError,
    FatalTeacherError,
    TeacherError,
)
from r1_training.engine.filters import check_consistency, check_reply
from r1_training.engine.items import Item
from r1_training.engine.journal.journal import Journal
from r1_training.engine.journal.journal_state import text_crc
from r1_training.engine.teachers.asking import Asker
from r1_training.engine.teachers.prompts import consistency_prompt, prompt_hash, reasoning_prompt
from r1_training.engine.teachers.teacher import Stage, Usage

Describe = Callable[[str], str]

# Reasons that are not a filter's. Those of the filters are in `filters`.
HELD_OUT, DUPLICATE, NO_DESCRIPTION = "held_out_scene", "duplicate", "description_missing"
BLOCKED, LOST = "blocked", "answer_lost"
ERROR_REASONS = {"reasoning": "gen_error", "consistency": "consistency_llm_error"}


class Pipeline:
    """Brings items to their end and journals it. Called from many threads.

    Args:
        describe: scene id -> description, "" where there is none.
        is_held_out: scene id -> whether it belongs to validation or test.
    """

    def __init__(
        self,
        asker: Asker,
        journal: Journal,
        config: EngineConfig,
        describe: Describe,
        is_held_out: Callable[[str], bool],
    ) -> None:
        self._asker = asker
        self._journal = journal
        self._config = config
        self._describe = describe
        self._is_held_out = is_held_out
        self._scenes = set(journal.state.scenes)
        self._scenes_lock = threading.Lock()

    def process(self, item: Item) -> str:
        """Returns the reason of the item's end, "" where it is kept.

        Raises:
            FatalTeacherError, StopRequested, JournalWriteError: the item stays open.
        """
        record = self._base_record(item)
        reason = self._decide(item, record)
        record = {name: value for name, value in record.items() if value is not None}
        if reason:
            record["reject_reason"] = reason
        self._journal.append(
            {"e": "end", "k": item.key, "n": item.ordinal, "y": reason, "d": record}
        )
        return reason

    def _decide(self, item: Item, record: dict[str, Any]) -> str:
        """Fill the record in as far as the item gets; the reason where it is rejected."""
        if item.duplicate_of:
            record["detail"] = f"repeats {item.duplicate_of}"
            return DUPLICATE
        if self._is_held_out(item.scene_id):
            return HELD_OUT
        description = item.description or self._describe(item.scene_id)
        if not description.strip():
            return NO_DESCRIPTION
        self._remember_scene(item.scene_id, description)
        if item.key in self._journal.state.lost:
            record["detail"] = "a request was in flight when the run was killed"
            paid = self._journal.state.paid.get((item.key, "reasoning"))
            record["cot"] = paid and paid.text
            return LOST
        item = replace(item, description=description)
        prompt = reasoning_prompt(item, description, self._config.filters)
        record["prompt_sha256"] = prompt_hash(prompt)
        try:
            return self._ask_and_filter(item, prompt, record)
        except FatalTeacherError:
            raise
        except BlockedError as error:
            record["detail"] = str(error)
            return BLOCKED
        except TeacherError as error:
            record["detail"] = str(error)
            return ERROR_REASONS["consistency" if record.get("cot") else "reasoning"]

    def _ask_and_filter(self, item: Item, prompt: str, record: dict[str, Any]) -> str:
        first = self._asker.ask(item, "reasoning", prompt)
        record["cot"] = first.text
        self._count(record, "reasoning", first.usage)
        reply, reason = check_reply(first.text, item, self._config.filters)
        if reply is None or reason:
            return reason
        again_prompt = consistency_prompt(item, reply.think)
        again = self._asker.ask(item, "consistency", again_prompt, reply.think)
        record["reanswer"] = again.text.strip()
        self._count(record, "consistency", again.usage)
        similarity, reason = check_consistency(
            reply.answer, record["reanswer"], self._config.filters
        )
        record["similarity"] = round(similarity, 4)
        return reason

    def _base_record(self, item: Item) -> dict[str, Any]:
        """The released schema first, then where it comes from."""
        teacher = self._config.teacher
        rules = teacher.kind == "rules"
        return {
            "scene_id": item.scene_id,
            "question": item.question,
            "cot": None,
            "question_id": item.question_id,
            "item": item.key,
            "task": item.task,
            "question_type": item.question_type,
            "language": item.language,
            "source": item.source,
            "gold_answer": list(item.answers),
            "teacher": "rules" if rules else teacher.reasoning.name,
            "temperature": None if rules else teacher.reasoning.temperature,
            "consistency_teacher": "rules" if rules else teacher.consistency.name,
            "prompt_sha256": None,
            "filters": self._config.filters.name,
            "reanswer": None,
            "similarity": None,
            "tokens": {"input": 0, "output": 0},
            "cost_usd": 0.0,
            "time": round(time.time(), 3),
            "detail": None,
        }

    def _count(self, record: dict[str, Any], stage: Stage, usage: Usage) -> None:
        record["tokens"]["input"] += usage.input_tokens
        record["tokens"]["output"] += usage.output_tokens
        record["cost_usd"] = round(
            record["cost_usd"] + self._config.teacher.model(stage).cost(usage), 9
        )

    def _remember_scene(self, scene_id: str, description: str) -> None:
        name = (scene_id, text_crc(description))
        with self._scenes_lock:
            if name in self._scenes:
                return
            self._scenes.add(name)
        self._journal.append({"e": "scene", "k": scene_id, "t": description})
