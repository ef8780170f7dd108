"""What the demo asks: each of the seven tasks in English and in Traditional Chinese."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from r1_model.text.answer import TASKS
from r1_ros.configuration.text_files import TextFileError, read_json


class QuestionsError(ValueError):
    """A questions file cannot be read; the message names file and entry."""


@dataclass(frozen=True)
class Question:
    """One question.

    Attributes:
        task: one of `r1_model.text.answer.TASKS`.
        text: English or Chinese.
        session: questions with the same session share a memory; empty: none.
        expected: accepted answers, where the file of questions knows them.
    """

    task: str
    text: str
    session: str = ""
    expected: tuple[str, ...] = ()


# The room that `synthesize-room --example 1` builds: a grey L-shaped sofa with two yellow
# cushions, a dark coffee table with a remote control and a white mug, a tv, a plant.
# Dialogue comes after grounding in the same session: "it" is what was found.
ROOM_QUESTIONS = (
    Question("qa", "How many cushions are there?"),
    Question("qa", "沙發是什麼顏色的？"),
    Question("grounding", "Find the mug.", "en"),
    Question("grounding", "找到電視。", "zh"),
    Question("dialogue", "What colour is it?", "en"),
    Question("dialogue", "它是開著的嗎？", "zh"),
    Question("object_caption", "Describe the coffee table."),
    Question("object_caption", "描述這張沙發。"),
    Question("dense_caption", "Describe every object in the room."),
    Question("dense_caption", "描述房間裡的每個物體。"),
    Question("reasoning", "Is somebody probably watching TV?"),
    Question("reasoning", "外面的人可能看得到房間裡面嗎？"),
    Question("planning", "Turn on the TV."),
    Question("planning", "幫我把馬克杯放到電視櫃上。"),
)

# For any other recording.
GENERAL_QUESTIONS = (
    Question("qa", "How many chairs are there?"),
    Question("qa", "這裡有幾張椅子？"),
    Question("grounding", "Find the table.", "en"),
    Question("grounding", "找到桌子。", "zh"),
    Question("dialogue", "What colour is it?", "en"),
    Question("dialogue", "它是什麼顏色的？", "zh"),
    Question("object_caption", "Describe the table."),
    Question("object_caption", "描述這張桌子。"),
    Question("dense_caption", "Describe every object in the room."),
    Question("dense_caption", "描述房間裡的每個物體。"),
    Question("reasoning", "What was the owner of this room probably doing just now?"),
    Question("reasoning", "這個房間的主人可能剛剛在做什麼？"),
    Question("planning", "Wipe the table."),
    Question("planning", "幫我把桌子擦乾淨。"),
)

# The field's name for the task, beside ours.
_TASK_NAMES = {"dense_captioning": "dense_caption", "object_captioning": "object_caption"}


def read_questions(path: Path) -> tuple[Question, ...]:
    """Questions of a `questions.json`: a list of {task, question, answers?, session?}.

    Raises:
        QuestionsError: unreadable, empty, or an entry lacks a field.
    """
    try:
        rows = read_json(path)
    except TextFileError as error:
        raise QuestionsError(str(error)) from None
    if not isinstance(rows, list) or not rows:
        raise QuestionsError(f"{path}: expected a list of questions")
    return tuple(read_question(row, f"{path}, entry {index}") for index, row in enumerate(rows))


def read_question(row: object, where: str) -> Question:
    """One entry of a questions file; `where` names it in errors.

    Raises:
        QuestionsError: a field is missing or wrong.
    """
    if not isinstance(row, dict):
        raise QuestionsError(f"{where}: expected an object with task and question, got {row!r}")
    task = row.get("task")
    if isinstance(task, str):
        task = _TASK_NAMES.get(task, task)
    if not isinstance(task, str) or task not in TASKS:
        raise QuestionsError(f"{where}: task must be one of {', '.join(TASKS)}, got {task!r}")
    text = row.get("question")
    if not isinstance(text, str) or not text.strip():
        raise QuestionsError(f"{where}: question must be a text, got {text!r}")
    answers = row.get("answers", [])
    if not isinstance(answers, list):
        raise QuestionsError(f"{where}: answers must be a list, got {answers!r}")
    expected = tuple(str(answer) for answer in answers)
    return Question(task, text, str(row.get("session", "")), expected)
