"""Names that the model knows, and what a request forbids stays forbidden."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from r1_model.asking.mended import meant_request, mended, mended_question
from r1_model.asking.question import Question
from r1_model.plans.prohibitions.request import read_request
from r1_model.spelling.other_names import with_known_names
from r1_model.spelling.vocabulary import FOLDER, names_file
from r1_model.text.answer import Turn
from tests.r1_model.small import random_scene

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("冰箱和爐子分別是什麼顏色？", "冰箱和瓦斯爐分別是什麼顏色？"),
        ("冰箱和炉子分别是什么颜色？", "冰箱和燃气灶分别是什么颜色？"),
        ("雪櫃旁邊有什麼？", "冰箱旁邊有什麼？"),
        # the other side's word, and the right one for each script
        ("打印機在哪？", "印表機在哪？"),
        ("印表机是什么颜色", "打印机是什么颜色"),
        # a known name that holds another one is taken whole
        ("壁爐在哪裡？", "壁爐在哪裡？"),
        ("微波爐是什麼顏色", "微波爐是什麼顏色"),
        ("電腦椅有幾張", "電腦椅有幾張"),
        ("桌子上有什麼？", "桌子上有什麼？"),
        ("where is the settee", "where is the sofa"),
        ("How many settees are there?", "How many sofas are there?"),
        ("Where is the garbage can?", "Where is the trash can?"),
        ("Hobs?", "Stoves?"),
        ("where are the boxes", "where are the boxes"),
        ("Find the fridge's door.", "Find the fridge's door."),
        ("the dishwasher is open", "the dishwasher is open"),
    ],
)
def test_other_names(text: str, known: str) -> None:
    assert with_known_names(text) == known
    assert with_known_names(known) == known


def test_the_case_from_the_field() -> None:
    assert mended("wat colr is teh frige") == "what color is the fridge"


@pytest.mark.parametrize(
    "text",
    [
        "Wie viele Stuhle gibt es?",
        "quel est la couleur de la chaise",
        "椅子は何脚ありますか？",
        "find <obj>10, 20, 30, 4, 5, 6</obj>",
        "frige " * 400,
    ],
)
def test_other_languages_boxes_and_long_texts_stay(text: str) -> None:
    assert mended(text) == text


def test_words_beside_a_box_are_mended() -> None:
    box = "<obj>10, 20, 30, 4, 5, 6</obj>"
    assert mended(f"wat is {box} on teh frige") == f"what is {box} on the fridge"


@pytest.mark.parametrize(
    "text", ["dont opn teh frige", "Never tuch the vaze", "不要打開爐子", "Keep teh frige shut."]
)
def test_what_is_forbidden_stays_forbidden(text: str) -> None:
    assert len(meant_request(text).prohibitions) >= 1
    assert len(meant_request(text).prohibitions) >= len(read_request(text).prohibitions)


def test_a_question_with_its_turns() -> None:
    asked = Question(random_scene(), "opn it", history=(Turn("wher is teh frige", "Here."),))
    found = mended_question(asked)
    assert (found.text, found.history[0].question) == ("open it", "where is the fridge")
    assert found.history[0].raw == "Here."


def test_every_other_name_leads_to_a_known_one() -> None:
    known = {name.lower() for line in names_file() for name in line.split(";")[0].split("/")}
    for line in (FOLDER / "other_names.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        name, english, chinese = (part.strip() for part in line.split(";"))
        assert name.lower() in known, name
        assert all(english.split("/")) and all(chinese.split("/")), line
        assert not set(english.lower().split("/")) & known, line
        assert re.fullmatch("[\u3400-\u9fff/]+", chinese), line


def test_the_files_are_those_of_the_tables() -> None:
    """Names only: the counts of words come from rooms, which take long to make."""
    import importlib.util

    spec = importlib.util.spec_from_file_location("words", ROOT / "tools/question_words.py")
    assert spec is not None and spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    written = (FOLDER / "names.txt").read_text(encoding="utf-8")
    assert written == tool.names_text(), "run: python tools/question_words.py"
