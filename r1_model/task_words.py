"""Words that tell the tasks apart, for `tasks.classify_task`; the first rule that matches wins."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Words:
    """The words of one language.

    Attributes:
        opening: polite or empty words at the front.
        rules: (task, pattern) in order; patterns are searched behind the openings.
        refers: words that point to an earlier turn.
    """

    opening: re.Pattern
    rules: tuple[tuple[str, re.Pattern], ...]
    refers: re.Pattern


def _any(*parts: str) -> re.Pattern:
    return re.compile("|".join(parts))


def _start(*words: str) -> str:
    return rf"^(?:{'|'.join(words)})\b"


_THINGS = r"(?:objects?|things?|items?|contents|furniture|furnishings|everything|inventory)"
_PLACE = (
    r"(?:(?:living|dining|bath|bed|wash)? ?room|kitchen|study|office|scene|place|space|"
    r"environment|surroundings|area)"
)
_TELL = (
    r"(?:describe|list|enumerate|caption|summari[sz]e|report|detail|introduce|present|"
    r"tell me about|go through|walk me through|take stock of|make an inventory of|"
    r"give (?:me )?(?:an? )?(?:\w+ )?(?:description|overview|account|inventory|list|caption|"
    r"summary|tour))"
)

ENGLISH = Words(
    opening=_any(
        r"^[\s,.!:]+",
        r"^(?:please|kindly|hey|hi|hello|ok|okay|alright|now|then|and|so|well|robot|next|"
        r"excuse me|i need you to|i want you to|i(?:'d| would) like you to|help me(?: to)?|"
        r"be so kind as to|let us|let's|would you mind|do you mind|go ahead and|try to|just)\b",
        r"^(?:can|could|would|will) you (?!see\b|spot\b|count\b|say\b|infer\b|tell\b)",
    ),
    rules=(
        (
            "reasoning",
            _any(
                _start("why", "how come", "explain why", "guess", "infer", "deduce"),
                r"\bwhat (?:\w+ ){0,3}(?:happened|caused?|led to|explains?|going on)\b",
                r"\bwhat (?:\w+ ){1,4}(?:been doing|doing|done|up to)\b",
                r"\bwhat (?:can|could|do|would|might|may|should) (?:\w+ ){1,2}"
                r"(?:conclude|infer|guess|deduce|assume|suppose|tell|think)\b",
                r"\b(?:likely|probable|possible) (?:reason|cause|explanation)\b",
                r"\b(?:suggest|suggests|imply|implies|evidence|clues?|conclusions?)\b",
                r"\b(?:probably|likely|still|recently|just now|a moment ago|a while ago)\b",
                r"\b(?:reason for|cause of|story behind|make sense of)\b",
                r"^(?:judging|considering|given|based|going|from what) ",
            ),
        ),
        (
            "dense_caption",
            _any(
                rf"{_TELL}\b.{{0,40}}\b(?:every|each|all|everything)\b",
                rf"{_TELL}\b.{{0,30}}\b(?:{_THINGS}|{_PLACE})\W*"
                r"(?:$|(?:in|of|with|and|around|here|one|you|that|by|from|as|including|object)\b)",
                rf"^what (?:is|are|can|do|does|all|{_THINGS})\b.{{0,30}}"
                rf"\b(?:in|inside|around) (?:the|this|my|our|here)\b ?{_PLACE}?\W*$",
                rf"^what does (?:the|this) {_PLACE} (?:look like|contain|hold)",
                r"^what (?:do|can) you see\W*$",
            ),
        ),
        (
            "object_caption",
            _any(
                _start("describe", "caption", "characteri[sz]e", "depict"),
                r"^(?:tell|say|write|give)\b.{0,25}\b(?:about|description|caption)\b",
                r"what (?:does|do) .* look like|how does .* look",
                r"^what (?:is|'s|object is|thing is|kind of \w+ is) (?:this|that|it|here|marked)"
                r"(?: \w+)?\W*$",
            ),
        ),
        (
            "planning",
            _any(
                _start(
                    *("prepare", "make", "set", "clean", "tidy", "bring", "fetch", "carry", "get"),
                    *("put", "place", "move", "turn", "switch", "open", "close", "shut", "wipe"),
                    *("take", "hand", "pick", "grab", "push", "straighten", "drive", "serve"),
                    *("throw", "vacuum", "mop", "remove", "clear", "store", "return", "deliver"),
                    *("brew", "dry", "stop", "start", "go", "navigate", "arrange", "ready", "do"),
                    *("making", "putting", "turning", "opening", "closing", "bringing", "see to"),
                    *("getting", "switching", "cleaning", "wiping", "plan", "give me the", "lay"),
                ),
                r"^i(?:'d| would)? (?:want|like|love|need|wish|feel like)\b"
                r"(?! to (?:know|find|see))",
                r"^how (?:can|could|do|would|should) (?:i|we|you|one)\b(?! see| get to know)",
                r"\b(?:steps|plan|procedure|sequence) (?:to|for|that)\b|^(?:goal|task|mission)\b",
                r"\b(?:make sure|ensure|needs? to be|should be|has to be|must be|get rid of)\b",
            ),
        ),
        (
            "grounding",
            _any(
                _start("find", "locate", "ground", "highlight", "mark", "point", "show", "spot"),
                _start("pick out", "select", "identify", "detect", "segment", "outline", "look"),
                _start("search", "single out", "indicate", "box", "give me the (?:box|position)"),
                r"^which (?!.*\bor\b)(?!colou?r|material|side|state|room)(?:of the )?"
                r"(?:[\w-]+ ){1,3}(?:is|stands|lies|hangs|sits|has)\b",
            ),
        ),
        (
            "qa",
            _any(
                _start("how", "what", "which", "where", "who", "is", "are", "was", "were", "do"),
                _start("does", "did", "has", "have", "can", "count", "tell", "say", "check", "any"),
                _start("in what", "in which", "on what", "on which", "of what", "of which", "am"),
                r"\b(?:how many|what colou?r|whether|number of|made of|or not)\b|\?\W*$",
                r"^i (?:wonder|want to know|would like to know|'d like to know)",
            ),
        ),
    ),
    refers=re.compile(r"\b(?:its?|they|them|their|ones?|others?|another|same|that|this|there)\b"),
)

_ROOMS = (
    "房間|房间|場景|场景|屋子|屋裡|屋里|客廳|客厅|臥室|卧室|廚房|厨房|餐廳|餐厅|書房|书房|浴室|"
    "辦公室|办公室|空間|空间|環境|环境|這裡|这里|四周|周圍|周围"
)
_OBJECTS = "物體|物体|物品|東西|东西|家具|擺設|摆设|陳設|陈设|物件"
_SAY = (
    "描述|介紹|介绍|列出|列舉|列举|說明|说明|說說|说说|講講|讲讲|形容|盤點|盘点|清點|清点|"
    "報告|报告|告訴我|告诉我|總結|总结|概述|概括|說一說|说一说"
)

CHINESE = Words(
    opening=_any(
        r"^[\s,，。、!！:：]+",
        "^(?:請問|请问|麻煩|麻烦|不好意思|你好|您好|嗨|可不可以|可以|能不能|能否|能|是否可以|請|请|"
        "勞駕|劳驾|拜託|拜托|幫忙|帮忙|幫我|帮我|替我|給我|给我|為我|为我|那麼|那么|現在|现在|接下來|"
        "接下来|機器人|机器人|你|您|我需要|我要你|我想請|我想请|一下|好的|好|順便|顺便|快|先|再|來|来)",
    ),
    rules=(
        (
            "reasoning",
            _any(
                "為什麼|为什么|為何|为何|怎麼回事|怎么回事|怎麼會|怎么会|怎麼弄|怎么弄",
                "(?:發生|发生).{0,3}(?:什麼|什么|何事)|(?:做|幹|干|忙).{0,2}(?:什麼|什么|啥)",
                "推測|推测|推斷|推断|推論|推论|判斷|判断|猜|原因|緣故|缘故|可能|大概|解釋|解释",
                "線索|线索|跡象|迹象|剛才|刚才|剛剛|刚刚|不久前|怎麼來的|怎么来的|意味|表明|看得出|看出",
            ),
        ),
        (
            "dense_caption",
            _any(
                f"(?:{_SAY}).*(?:所有|每個|每个|每一|每件|全部|各個|各个|各種|各种|逐一|逐個|逐个)",
                f"(?:所有|每個|每个|每一|每件|全部|各個|各个|逐一|逐個|逐个|一一).*(?:{_SAY})",
                f"^(?:{_SAY})(?:一下)?(?:這|这|整|你|看|我)?(?:個|个|間|间|到)?(?:的)?(?:{_ROOMS})"
                f"(?:裡|里|中|內|内|的|$|[，。？?！!有])(?!.*[一那]?[個个把張张盞盏台])",
                f"(?:{_SAY}).*(?:{_ROOMS})(?:裡面|里面|裡|里|中|內|内)?(?:的|有)(?:{_OBJECTS}|什麼|什么|哪些)",
                f"(?:{_ROOMS})(?:裡面|里面|裡|里|中|內|内)?(?:都|總共|总共|一共)?有(?:什麼|什么|哪些|些)",
                "^看到了?(?:些)?(?:什麼|什么|哪些)",
            ),
        ),
        (
            "object_caption",
            _any(
                f"^(?:{_SAY})|^(?:詳細|详细|簡單|简单|具體|具体|用一句話|用一句话)",
                "長什麼樣|长什么样|什麼樣子|什么样子|什麼模樣|什么模样|外觀|外观|看起來|看起来",
                "^(?:這|这|那)(?:裡|里|個|个|邊|边)?(?:物體|物体|物品|東西|东西)?是(?:什麼|什么)(?!顏色|颜色|材|做|樣|样|形|狀|状)",
            ),
        ),
        (
            "grounding",
            _any(
                "找|指出|指給|指给|指一|標出|标出|標示|标示|標記|标记|標註|标注|圈出|框出|框選|框选",
                "定位|指認|指认|選出|选出|位置|位於何處|位于何处|鎖定|锁定",
                "^哪(?:一)?[個个把張张本盞盏台扇隻只瓶顆颗件條条座塊块幅盆面組组架具支棵株部床]"
                "(?!.*還是)(?!.*还是)",
            ),
        ),
        (
            "qa",
            _any(
                "幾|几(?=[個个把張张本盞盏台扇隻只瓶顆颗件條条座塊块幅盆面組组架具支棵株部床])",
                "多少|嗎|吗|什麼|什么|哪|是不是|有沒有|有没有|還是|还是|是否|誰|谁|數一|数一|數數|数数",
                "數量|数量|何|怎樣|怎样|怎麼樣|怎么样|呢[？?]?$",
            ),
        ),
        (
            "planning",
            _any(
                "把|將|将|想|要|希望|計劃|计划|規劃|规划|步驟|步骤|如何|目標|目标|任務|任务",
                "準備|准备|整理|清理|清潔|清洁|打掃|打扫|收拾|擦|抹|拿|取|端|放|搬|移|推|煮|泡|沖|冲",
                "鋪|铺|倒|丟|扔|送|遞|递|去|撿|捡|帶|带|洗|拖|佈置|布置|擺好|摆好|歸位|归位|弄",
                "(?:打開|打开|開啟|开启|關掉|关掉|關上|关上|關閉|关闭|開|开|關|关|點亮|点亮|熄)",
            ),
        ),
    ),
    refers=re.compile(
        "它|他們|她|那|這個|这个|這|这|另|其他|其餘|其余|剩下|同一|其中|第[一二三四五]"
    ),
)
