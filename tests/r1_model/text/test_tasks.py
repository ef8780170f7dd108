"""Language and task of a question."""

from __future__ import annotations

import json

import pytest

from r1_model.text.answer import TASKS
from r1_model.text.chinese import SIMPLIFIED_ONLY, TRADITIONAL_ONLY
from r1_model.text.tasks import as_request, classify_task, detect_language, stands_alone


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("How many chairs?", "en"),
        ("12", "en"),
        ("", "en"),
        ("餐桌周圍有幾把椅子？", "zh-Hant"),
        ("餐桌周围有几把椅子？", "zh-Hans"),
        ("椅子在哪", "zh-Hant"),
        ("我的書桌上有檯燈嗎？", "zh-Hant"),
        ("我的书桌上有台灯吗？", "zh-Hans"),
        ("那它是開著的嗎？", "zh-Hant"),
        ("那它是开着的吗？", "zh-Hans"),
        ("幫我把它關掉。", "zh-Hant"),
        ("茶几上有杯子", "zh-Hant"),
        ("把TV關掉", "zh-Hant"),
        ("关掉 the TV", "zh-Hans"),
        ("What does the word 書 on the cover mean?", "en"),
        ("<obj>1, 2, 3, 4, 5, 6</obj> 這是什麼", "zh-Hant"),
        ("這是什么", "zh-Hant"),
        ("🤖🤖", "en"),
    ],
)
def test_language(question, language):
    assert detect_language(question) == language


def test_no_character_is_of_both_scripts():
    assert not TRADITIONAL_ONLY & SIMPLIFIED_ONLY
    assert len(TRADITIONAL_ONLY) > 400 and len(SIMPLIFIED_ONLY) > 400


QUESTIONS = [
    # the seven examples and their English
    ("找到那個放在書架最上層的藍色封面的書。", "grounding"),
    ("餐桌周圍有幾把椅子？", "qa"),
    ("冰箱是什麼顏色的？", "qa"),
    ("微波爐是放在流理台上還是冰箱上面？", "qa"),
    ("我的書桌上有檯燈嗎？", "qa"),
    ("這個房間的主人可能剛剛在做什麼？", "reasoning"),
    ("幫我準備好喝咖啡的桌子。", "planning"),
    ("清理沙發底下", "planning"),
    ("描述房間裡的每個物體。", "dense_caption"),
    ("Find the blue book on the top shelf.", "grounding"),
    ("How many chairs are around the dining table?", "qa"),
    ("What colour is the fridge?", "qa"),
    ("Is the microwave on the counter or on the fridge?", "qa"),
    ("Is there a lamp on my desk?", "qa"),
    ("What was the owner of this room probably doing?", "reasoning"),
    ("Prepare the coffee table for coffee.", "planning"),
    ("Describe every object in the scene.", "dense_caption"),
    # English
    ("Please turn off the lamp.", "planning"),
    ("Could you bring me the red mug?", "planning"),
    ("Could you please find the red mug", "grounding"),
    ("Can you see a lamp?", "qa"),
    ("I'd like a coffee.", "planning"),
    ("How can I make coffee?", "planning"),
    ("Why is the floor wet?", "reasoning"),
    ("What happened here?", "reasoning"),
    ("the chair next to the window", "grounding"),
    ("a red mug", "grounding"),
    ("Which chair is closest to the door?", "grounding"),
    ("Which is taller, the sofa or the bed?", "qa"),
    ("What is on the table?", "qa"),
    ("Where is the sofa?", "qa"),
    ("What is in the room?", "dense_caption"),
    ("Describe the room", "dense_caption"),
    ("Describe the white mug on the table.", "object_caption"),
    ("Tell me about the sofa", "object_caption"),
    ("lamp?", "qa"),
    # Traditional and Simplified Chinese
    ("描述一下這個房間", "dense_caption"),
    ("描述茶几上的白色馬克杯", "object_caption"),
    ("請幫我找到紅色的椅子", "grounding"),
    ("紅色的椅子", "grounding"),
    ("哪一把椅子離門最近？", "grounding"),
    ("沙發和床哪個比較高？", "qa"),
    ("請把檯燈打開", "planning"),
    ("我想喝咖啡", "planning"),
    ("地上為什麼有水？", "reasoning"),
    ("房間裡有什麼東西？", "dense_caption"),
    ("麻烦你把门关上", "planning"),
    ("请问桌上有多少本书？", "qa"),
    ("这里发生了什么事？", "reasoning"),
    ("台灯是开着还是关着？", "qa"),
    ("圈出窗户旁边的植物", "grounding"),
    ("描述所有的物体", "dense_caption"),
    # as people really ask
    ("How do I know if the fridge is closed?", "qa"),
    ("How can I tell whether the microwave is on?", "qa"),
    ("Let me know if the window is open", "qa"),
    ("Take a look: is the window open?", "qa"),
    ("Could you tell me where the white mug is.", "qa"),
    ("How would you describe the fridge?", "object_caption"),
    ("Hi! I'm looking for the fridge, what colour is it?", "qa"),
    ("I need the fridge's location", "grounding"),
    ("Put a box around the fridge", "grounding"),
    ("Go find the microwave", "grounding"),
    ("Find the microwave and open it", "planning"),
    ("Look for the chair and push it in", "planning"),
    ("If the window is open, close it.", "planning"),
    ("The window is open. Please close it.", "planning"),
    ("Why don't you close the window?", "planning"),
    ("You should close the window", "planning"),
    ("I'm cold, close the window", "planning"),
    ("Check whether the window is open and close it", "planning"),
    ("Do me a favor and close the window", "planning"),
    ("I'm thirsty", "planning"),
    ("It's cold in here", "planning"),
    ("Lights off", "planning"),
    ("Coffee please", "planning"),
    ("Wash the dishes", "planning"),
    ("Go to the sofa.", "planning"),
    ("What do you see in front of the bath?", "qa"),
    ("How far is the mug from the door?", "qa"),
    ("Could you walk over to the window?", "planning"),
    ("Head to the door", "planning"),
    ("Put the box in the trash can.", "planning"),
    ("Put a box around the chair.", "grounding"),
    ("I want to sit down, where?", "qa"),
    ("Find something to sit on.", "grounding"),
    ("Name all objects", "dense_caption"),
    ("Tell me what you see", "dense_caption"),
    ("What objects are there?", "dense_caption"),
    ("What is here?", "dense_caption"),
    ("Give me an overview", "dense_caption"),
    ("Detect all objects", "dense_caption"),
    ("Find all chairs", "grounding"),
    ("Is it safe to walk here?", "reasoning"),
    ("How many people can sit at the table?", "reasoning"),
    ("What do you see in this room?", "dense_caption"),
    ("要不要關窗戶？", "qa"),
    ("我想知道冰箱的顏色", "qa"),
    ("告诉我冰箱颜色", "qa"),
    ("窗戶關了沒", "qa"),
    ("幫我確認窗戶關了沒", "qa"),
    ("窗戶是開著的嗎？", "qa"),
    ("幫我關一下窗戶好嗎？", "planning"),
    ("能把窗戶關上嗎？", "planning"),
    ("可以幫我關窗嗎？", "planning"),
    ("找到微波爐然後打開", "planning"),
    ("到冰箱旁邊", "planning"),
    ("請幫我到沙發那邊去。", "planning"),
    ("移動到茶几旁邊", "planning"),
    ("前往門口", "planning"),
    ("靠近窗戶的椅子", "grounding"),
    ("靠近窗戶的是什麼？", "qa"),
    ("門離沙發多遠？", "qa"),
    ("我渴了", "planning"),
    ("bring me the 红色马克杯", "planning"),
    ("給我一杯咖啡", "planning"),
    ("有什麼東西", "dense_caption"),
    ("描述一下你看到的", "dense_caption"),
    ("走路會絆倒嗎？", "reasoning"),
]


@pytest.mark.parametrize(("question", "task"), QUESTIONS)
def test_task(question, task):
    assert classify_task(question) == task


@pytest.mark.parametrize(
    ("question", "has_target", "has_history", "task"),
    [
        ("Describe this.", True, False, "object_caption"),
        ("What is this?", True, False, "object_caption"),
        ("Describe this object <obj>1, 2, 3, 4, 5, 6</obj>", False, False, "object_caption"),
        ("描述這個物體", True, False, "object_caption"),
        ("這是什麼？", True, False, "object_caption"),
        ("What colour is this?", True, False, "qa"),
        ("這是什麼顏色的？", True, False, "qa"),
        ("Bring me this", True, False, "planning"),
        ("把這個拿給我", True, False, "planning"),
        ("那它是開著的嗎？", False, True, "dialogue"),
        ("幫我把它關掉。", False, True, "dialogue"),
        ("Is it on?", False, True, "dialogue"),
        ("Turn it off.", False, True, "dialogue"),
        ("And the other one?", False, True, "dialogue"),
        ("Find the red chair", False, True, "grounding"),
        ("Describe every object in the scene.", False, True, "dense_caption"),
        ("Why is the floor wet?", False, True, "reasoning"),
    ],
)
def test_target_and_history(question, has_target, has_history, task):
    assert classify_task(question, has_target, has_history) == task


def test_the_kitchen(kitchen):
    for question in json.loads((kitchen / "questions.json").read_text()):
        expected = question["task"].replace("dense_captioning", "dense_caption")
        assert classify_task(question["question"]) == expected, question["question"]


@pytest.mark.parametrize("text", ["", " ", "\n", "?", "？", "\x00", "🤖" * 1000, "please " * 1000])
def test_any_text_has_a_task(text):
    assert classify_task(text) in TASKS


@pytest.mark.parametrize(
    ("question", "task", "asked"),
    [
        ("the white mug", "grounding", "Find the white mug."),
        ("The chair at the left end.", "grounding", "Find the chair at the left end."),
        ("All office chairs.", "grounding", "Find all office chairs."),
        ("Every chair", "grounding", "Find every chair."),
        ("A white mug", "grounding", "Find a white mug."),
        ("TV", "grounding", "Find TV."),
        ("藍色的書", "grounding", "請找到藍色的書。"),
        ("蓝色的书。", "grounding", "请找到蓝色的书。"),
        ("Find the white mug.", "grounding", "Find the white mug."),
        ("Where is the mug?", "grounding", "Where is the mug?"),
        ("the white mug", "object_caption", "the white mug"),
    ],
)
def test_a_bare_name_becomes_a_request(question, task, asked):
    assert as_request(question, task) == asked


@pytest.mark.parametrize(
    ("question", "alone"),
    [
        ("What colour is the coffee table?", True),
        ("Is there a plant?", True),
        ("Find the microwave.", True),
        ("How many chairs?", True),
        ("冰箱是什麼顏色的？", True),
        ("微波爐在哪裡？", True),
        ("冰箱是什么颜色的？", True),
        ("Is it on?", False),
        ("What colour?", False),
        ("And the lamp?", False),
        ("What about the sofa?", False),
        ("How many are red?", False),
        ("Show me the other one.", False),
        ("the second", False),
        ("What is the colour?", False),
        ("Turn it off.", False),
        ("它是什麼顏色的？", False),
        ("什麼顏色？", False),
        ("紅色的有幾把？", False),
        ("還有別的嗎？", False),
        ("在哪裡？", False),
        ("", False),
    ],
)
def test_what_can_be_understood_alone(question, alone):
    assert stands_alone(question) == alone
