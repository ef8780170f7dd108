"""Questions are answered; requests in the form of a question are plans."""

from __future__ import annotations

import pytest

from r1_model.plans.speech import asks_for_action

QUESTIONS = """
How tall is the fridge?
Is the window open?
Is the lamp on
Could you tell me if the fridge is open?
Can you see the mug?
Where can I sit?
How do I make a coffee?
Tell me how many chairs there are.
Should the window be open?
Do you think the door is closed?
Can the window be opened?
Which cupboard would you open to get a mug?
Have you opened the fridge?
Can you take a look at the table and tell me what is on it?
Could you give me the number of chairs?
What happens if you turn off the lamp?
Find the mug.
冰箱有多高？
窗戶開著嗎？
你能告訴我有幾把椅子嗎？
窗戶可以打開嗎？
誰打開了窗戶？
你看得到杯子嗎？
請告訴我冰箱是什麼顏色。
門關了沒？
为什么冰箱开着？
应该打开窗户吗？
你把门关上了吗？
""".strip().splitlines()

REQUESTS = """
Open the fridge.
Could you bring me the mug?
Can you open the window, please?
Would you mind closing the door?
Why don't you bring me a cup?
May I have the mug?
It is dark in here.
Is the lamp off? Then switch it on.
Turn off the lamp, will you?
How about making me a coffee?
I wonder if you could bring me the mug.
Find the mug and bring it to me.
Would you be so kind as to close the door?
Would it be okay if I asked you to close the door?
能给我来杯咖啡吗？
Could I trouble you to turn off the lamp?
Any chance you could open the window a bit?
冰箱裡不知道還有沒有牛奶，打開來看看。
可以幫我拿杯子嗎？
你能不能把燈關掉？
把門關上好嗎？
能麻煩你關一下門嗎？
房間太暗了。
檯燈沒開的話，請打開。
何不把窗戶打開？
要不要把窗户打开？
找到杯子然后拿给我。
关灯，可以吗？
我什么都看不到。
不管怎樣都不要關檯燈。
无论如何把门关上。
""".strip().splitlines()


@pytest.mark.parametrize("text", QUESTIONS)
def test_a_question_asks_for_no_action(text: str) -> None:
    assert not asks_for_action(text)


@pytest.mark.parametrize("text", REQUESTS)
def test_a_request_does(text: str) -> None:
    assert asks_for_action(text)
