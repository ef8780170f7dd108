"""English and Chinese are understood, other languages are told so."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1_model.asking.languages import in_language, understood
from r1_model.asking.question import MAX_QUESTION_CHARACTERS, Question
from r1_model.errors import InvalidQuestionError, QuestionTooLongError
from r1_model.text.tasks import as_request, detect_language
from tests.r1_training.synthetic.language.rooms import samples_of


@pytest.mark.parametrize(
    "text",
    [
        "Combien de chaises y a-t-il ?",
        "Où est le réfrigérateur ?",
        "¿De qué color es la nevera?",
        "Abre la ventana",
        "椅子は何脚ありますか？",
        "كم عدد الكراسي؟",
        "Wie viele Stühle gibt es?",
        "Bitte öffne den Kühlschrank.",
        "Сколько здесь стульев?",
        "의자가 몇 개 있어요?",
        "Quante sedie ci sono?",
        "Quantas cadeiras há na sala?",
        "Hoeveel stoelen zijn er?",
        "Hur många stolar finns det?",
        "Ile jest krzeseł?",
        "Kolik je tam židlí?",
        "Kaç sandalye var?",
        "Πόσες καρέκλες υπάρχουν;",
        "มีเก้าอี้กี่ตัว",
        "कितनी कुर्सियाँ हैं?",
        "Có bao nhiêu cái ghế?",
        "skakel die kombuis ligte aan",
        "lisää vasara listalle Rautakauppa",
        "hidupkan semua kipas di dapur",
        "egongelako haizegailua gaitu",
        "uzstādi guļamistabā visas gaismas spilgtumu",
        "kveiktu öll ljós",
        "ışıkları yak",
    ],
)
def test_other_languages_are_told_so(text: str) -> None:
    assert not understood(text)
    with pytest.raises(InvalidQuestionError, match="English and Chinese only"):
        Question(None, text).known_task()


@pytest.mark.parametrize(
    "text",
    [
        "How many chairs are there?",
        "Ｗｈａｔ ｃｏｌｏｕｒ ｉｓ ｔｈｅ ｆｒｉｄｇｅ？",
        "the purple mug",
        "big wooden dining table",
        "wat colr is teh frige",
        "Where is the café table?",
        "Find the crème brûlée.",
        "TV",
        "有几把椅子？",
        "請找到 iPad。",
        "die cast car",
        "papasan stool",
        "rattan ottoman",
        "turn on teh Philips Hue lamp",
        "hw mny chairz r ther",
        "<obj>1, 2, 3, 4, 5, 6</obj>",
        "",
    ],
)
def test_ours_are_never_refused(text: str) -> None:
    assert understood(text)


def test_questions_of_training_are_understood() -> None:
    for _, sample in samples_of(range(40), count=12):
        assert understood(sample.question), sample.question


@given(st.text(max_size=80))
def test_any_text_is_judged(text: str) -> None:
    understood(text)
    in_language(text, detect_language(text))


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("有几把椅子？", "zh-Hans"),
        ("有幾把椅子？", "zh-Hant"),
        ("有几张", "zh-Hans"),
        ("茶几在那", "zh-Hant"),
        ("茶几上有几本", "zh-Hans"),
    ],
)
def test_scripts(text: str, language: str) -> None:
    assert detect_language(text) == language


@pytest.mark.parametrize(
    ("answer", "language", "fits"),
    [
        ("There are four chairs.", "en", True),
        ("移动到椅子旁边。", "en", False),
        ("fridge", "zh-Hant", False),
        ("冰箱在 TV 旁邊。", "zh-Hant", True),
        ("4", "zh-Hans", True),
        ("TV", "zh-Hans", True),
        ("", "zh-Hans", True),
    ],
)
def test_answers_in_another_language(answer: str, language: str, fits: bool) -> None:
    assert in_language(answer, language) == fits


@pytest.mark.parametrize("piece", ["I keep talking. ", "我一直在說話，"])
def test_more_than_the_model_reads_is_refused(piece: str) -> None:
    text = piece * (MAX_QUESTION_CHARACTERS // len(piece)) + " How many chairs are there?"
    with pytest.raises(QuestionTooLongError, match="characters, at most 1000 are read"):
        Question(None, text).known_task()


def test_numbers_without_a_sentence_become_one() -> None:
    assert as_request("Number of chairs.", "qa") == "How many chairs are there?"
    assert as_request("有几把椅子？", "qa") == "这里有几把椅子？"
    assert as_request("有幾張桌子", "qa") == "這裡有幾張桌子？"
    assert as_request("桌上有幾個杯子？", "qa") == "桌上有幾個杯子？"
