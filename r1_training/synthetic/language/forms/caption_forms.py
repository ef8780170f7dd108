"""Wordings of requests for descriptions. Slots: {t} the object's box, {x} its name."""

from __future__ import annotations

from r1_training.synthetic.language.forms.patterns import Forms

_TELL = "[describe|caption|characterise|introduce|depict]"
_THIS = (
    "[this object|this thing|this item|the object here|the marked object|the selected object"
    "|the object in this box|the object at this position]"
)
_LENGTH = "[|, please| in detail| briefly| in a sentence or two| and where it is]"
_TELL_ZH = "[描述|介紹|說明|形容|描述一下|介紹一下|形容一下|說說]"
_THIS_ZH = "[這個物體|這個東西|這個物品|標記的物體|選取的物體|這個位置的物體|框內的物體|這裡的物體]"

OBJECT: dict[str, dict[str, Forms]] = {
    "en": {
        "given": Forms(
            "[|Please |Can you |Could you ]" + _TELL + " " + _THIS
            + "[.| in detail.| briefly.] {t}",
            "[Tell me about|Say something about|Give a description of|Write a caption for] "
            + _THIS + ": {t}",
            "[What is|What's] [this|this object|this thing|here|at this position|in this box]? {t}",
            "What does " + _THIS + " look like? {t}",
            "[Describe|Caption] {t}[.|, please.|]",
        ),
        "named": Forms(
            "[|Please |Can you |Could you ]" + _TELL + " {x}" + _LENGTH + ".",
            "[Tell me about|Tell me something about|Say something about|Give me a description of] "
            "{x}[.|, please.]",
            "What does {x} look like[?| and where is it?]",
            "[Give|Write] a [short description|caption|description] of {x}.",
            "[Tell me what {x} looks like.|How does {x} look?|What is {x} like?]",
        ),
    },
    "zh": {
        "given": Forms(
            "[|請|請你|幫我|麻煩你]" + _TELL_ZH + _THIS_ZH + "[。|的外觀。|的樣子和位置。] {t}",
            "[這是什麼？|這個是什麼？|這個物體是什麼？|這是什麼東西？] {t}",
            _THIS_ZH + "[長什麼樣子？|是什麼樣子的？|看起來怎麼樣？] {t}",
            "[描述|請描述|說明] {t}",
        ),
        "named": Forms(
            "[|請|請你|幫我|麻煩你|請詳細|請簡單]" + _TELL_ZH + "{x}[。|的外觀。|的樣子和位置。]",
            "{x}[長什麼樣子|是什麼樣子的|看起來怎麼樣|看起來如何]？",
            "[請用一句話|用一句話|請用一兩句話|請詳細地]" + _TELL_ZH + "{x}。",
            "[說說{x}是什麼樣子。|{x}是什麼樣子？]",
        ),
    },
}  # fmt: skip

_EVERY = (
    "[every object|all objects|all the objects|each object|everything|all things|every item"
    "|each thing|all the items]"
)
_HERE = "[|in the scene|in the room|in this room|here|that you see|you can see|in this scene]"
_EVERY_ZH = (
    "[所有物體|所有的物體|每個物體|每一個物體|所有東西|每樣東西|全部的物品|所有物品|各個物體]"
)
_HERE_ZH = "[|房間裡|房間裡的|場景中的|這個房間裡的|這裡的|這個場景中|你看到的]"

DENSE: dict[str, Forms] = {
    "en": Forms(
        "[|Please |Can you |Could you ][describe|list|caption|go through|describe in detail] "
        + _EVERY + " " + _HERE + ".",
        "[|Please ][describe|summarise|present|walk me through] [the room|the scene|this room"
        "|this scene|this place][.| object by object.| in detail.| with all its objects.]",
        "[What is|What's|What all is] in [the room|this room|the scene|this scene]?",
        "[What do you see|What can you see] [|here|in the room|in this room|in the scene]?",
        "[Give me|Write|Make] a [detailed|complete|full] [description|inventory|list] of "
        "[the room|the scene|this room|everything here].",
        "Tell me about " + _EVERY + " [in the room|in this room|in the scene|here].",
        "[What is around you?|Give me an overview.|What's in here?|Look around, what is there?]",
    ),
    "zh": Forms(
        "[|請|請你|幫我|麻煩你][描述|列出|介紹|說明|逐一描述|詳細描述|一一介紹]"
        + _HERE_ZH + _EVERY_ZH + "。",
        "[|請|請你|幫我|麻煩你][描述|介紹|描述一下|介紹一下|詳細描述][這個房間|整個房間|房間|這個場景"
        "|整個場景][。|裡的物體。|裡的東西。]",
        "[房間裡|這個房間裡|場景中|這個場景裡|這裡][有什麼|有哪些東西|有什麼東西|有哪些物體|有些什麼]？",
        "[把|請把|幫我把]" + "[房間裡|場景中|這裡]" + "[所有的物體|每個物體|所有東西]"
        "[都描述一下|都介紹一下|描述出來|列出來]。",
        "[你看到了什麼？|看看四周有什麼。|介紹一下環境。|環顧四周，有什麼？]",
    ),
}  # fmt: skip
