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
        names: a thing is named; searched in what `empty` leaves.
        empty: words of a question that name nothing.
    """

    opening: re.Pattern[str]
    rules: tuple[tuple[str, re.Pattern[str]], ...]
    refers: re.Pattern[str]
    names: re.Pattern[str]
    empty: re.Pattern[str]


def _any(*parts: str) -> re.Pattern[str]:
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
    r"tell me about|go through|walk me through|take stock of|"
    r"(?:make|write|give|give me) (?:an? )?(?:\w+ ){0,2}"
    r"(?:description|overview|account|inventory|list|caption|summary|tour))"
)

ENGLISH = Words(
    opening=_any(
        r"^[\s,.!:]+",
        r"^(?:please|kindly|hey|hi|hello|ok|okay|alright|now|then|and|also|so|well|robot|next|"
        r"good(?! night)|"
        r"thanks|excuse me|i need you to|i want you to|i(?:'d| would) like you to|your task|task|"
        r"help me(?: to)?|be so kind as to|let us|let's|would you mind|do you mind|go ahead and|"
        r"try to|just|quick question|question|tell me(?=[:,])|look(?=[:,])|check(?=[:,])|"
        r"i wonder|take a look(?=[:,])|let me know(?= (?:if|whether|what|where|which|how))|"
        r"do me a favou?r(?: and)?|go(?: and)?(?= (?:find|look|locate))|"
        r"in this (?:room|scene)(?=,)|in the (?:room|scene)(?=,)|here(?=,))\b",
        r"^(?:can|could|would|will) you (?!see\b|spot (?:an?|any)\b|say\b|infer\b|tell\b|check\b)",
    ),
    rules=(
        (
            "reasoning",
            _any(
                _start("how come", "explain why", "guess", "infer", "deduce"),
                r"\bwhy\b(?! don't (?:you|we))",
                r"\bwhat (?:\w+ ){0,3}(?:happened|caused?|led to|explains?|going on)\b",
                r"\bwhat (?:\w+ ){1,8}(?:been doing|doing|up to|going on)\b",
                r"\bwhat (?:can|could|do|would|might|may|should) (?:\w+ ){1,2}"
                r"(?:conclude|infer|guess|deduce|assume|suppose|think)\b",
                r"\b(?:reason|cause|explanation|evidence|clues?|conclusions?)\b",
                r"\b(?:suggests?|implies|imply|probably|probable|likely|opinion|do you think)\b",
                r"\b(?:somebody|someone|anyone|anybody|owner|person)\b.*"
                r"\b(?:recently|just now|a (?:short )?(?:moment|while) ago|still \w+ing)\b",
                r"^(?:judging|considering|given|based) ",
                r"\bhow many (?:people|persons|guests|adults|children|of us)\b",
                r"\b(?:trip|stumble|in the way|safe to)\b|\brain\b.*\?",
                r"\b(?:see|look|peek) (?:me|us|in(?! (?:front|the|this|my|our)))\b",
                r"\b(?:in use|been used|slept in|being (?:used|watched))\b",
                r"^(?:can|may) (?:i|we) (?:go out|leave)\b|^is everything (?:off|closed|shut)\b",
                r"\b(?:somebody|someone|anyone|anybody)\b.*"
                r"\b(?:sleep|slept|working|cooking|watching|reading|eating|at work|at home)\b",
            ),
        ),
        (
            "planning",
            _any(
                r"^(?:find|locate|look for|check)\b.*\b(?:and|then) (?:open|close|shut|turn|switch|"
                r"bring|push|pull|clean|wipe|put|take|move|fetch|pick|throw)\b",
            ),
        ),
        (
            "qa",
            _any(
                r"\b(?:how many|(?:number|count|colou?r|material|shape|type|state) of)\b",
                r"^do you (?:see|have|know|spot)\b",
                r"^(?:can|could) (?:you|we|i|one) (?:see|spot)\b|, where\W*$",
            ),
        ),
        (
            "dense_caption",
            _any(
                rf"^{_TELL}\b.{{0,40}}\b(?:every|each|all|everything)\b",
                rf"^{_TELL}\b.{{0,30}}\b(?:{_THINGS}|{_PLACE})\W*"
                r"(?:$|(?:in|of|with|and|around|here|one|you|that|by|from|as|including|object)\b)",
                rf"^what (?:is|are|can|do|does|all|{_THINGS})\b.{{0,30}}"
                rf"\b(?:in|inside|around) (?:the|this|my|our|here)\b ?{_PLACE}?\W*$",
                rf"^what does (?:the|this) {_PLACE} (?:look like|contain|hold)",
                r"^(?:name|detect)\b.{0,20}\b(?:every|each|all)\b.*\b(?:objects?|things?|items?)\b",
                r"^tell me what you (?:can )?see\W*$|^what is here\W*$",
                r"^what (?:objects|things|items|furniture)\b.{0,12}\bthere\W*$",
                r"^what is around (?:you|me|us)\b|^look around\b",
                r"^(?:give|make|write) (?:me )?an? (?:\w+ )?overview\W*$",
                rf"^what (?:do|can) you see(?: here| (?:in|around) (?:the|this) {_PLACE})?\W*$",
            ),
        ),
        (
            "object_caption",
            _any(
                _start(
                    "how would you describe",
                    "describe",
                    "caption",
                    "characteri[sz]e",
                    "depict",
                    "introduce",
                ),
                r"^(?:tell|say|write|give)\b.{0,25}\b(?:about|description|caption)\b",
                r"what (?:does|do) .* look like|what .* looks like|how does .* look",
                r"^what (?:is|object is|thing is|kind of (?!room)\w+ is) "
                r"(?:this|that|it|here|marked|at this|in this box)"
                r"(?: (?!place\b|room\b)\w+)?\W*$",
            ),
        ),
        (
            "grounding",
            _any(
                r"\b(?:position|location|(?:bounding )?box|coordinates) of (?:the|my|all|an?)\b",
                r"\b(?:looking|look|search) for\b(?!.*\b(?:bring|fetch|get|hand|give|push|what)\b)",
                r"^(?:pick|point|single) out\b|\b(?:location|position|coordinates)\W*$",
                r"^draw (?:an?|the) (?:bounding )?box\b",
                r"^put (?:an? (?:bounding )?box (?:around|on)|the (?:bounding box|box around))\b",
            ),
        ),
        (
            "planning",
            _any(
                _start(
                    *("prepare", "make", "set", "clean", "tidy", "bring", "fetch", "carry", "get"),
                    *("put", "place", "move", "turn", "switch", "open", "close", "shut", "wipe"),
                    *("take", "hand", "pick", "grab", "push", "straighten", "drive", "serve"),
                    *("throw", "vacuum", "mop", "sweep", "remove", "clear", "store", "return"),
                    *("deliver", "brew", "dry", "stop", "start", "go", "navigate", "arrange"),
                    *("power", "drop", "let", "dispose", "air", "lay", "see to", "collect"),
                    *("light", "plan", "making", "putting", "turning", "opening", "closing"),
                    *("bringing", "getting", "switching", "cleaning", "wiping", "good night"),
                    *("warm", "heat", "water", "wash", "come", "lights? o(?:n|ff|ut)"),
                    *("walk", "approach", "head (?:to|over|back|towards?)", "over to"),
                ),
                r"^i(?:'d| would)? (?:want|like|love|need|wish|feel like)\b"
                r"(?! to (?:know|find|see))",
                r"^how (?:can|could|do|would|should) (?:i|we|you|one)\b"
                r"(?! see| get to know| know| tell| find out)",
                r"\b(?:steps|plan|procedure|sequence) (?:to|for|that)\b|^(?:goal|mission)\b",
                r"\b(?:make sure|ensure|get rid of|belongs (?:on|in))\b",
                r"\b(?:needs?|should|ha(?:s|ve)|must)(?: to)? (?:be|go|stand)\b(?!.*\?)",
                r"\b(?:am|are) (?:leaving|going (?:out|to bed))\b",
                r"^it(?:'s| is) (?:\w+ )?(?:dark|stuffy|hot|warm|cold)\b",
                r"^(?:i'm|i am|we're|we are) (?:off|tired|cold|hungry|thirsty)\b",
                r"\blooking for\b.*\b(?:bring|get|fetch|hand)\b",
                r"^i (?:can't|cannot) see (?:anything|a thing|much)\b|^(?:watch|time for)\b",
                r"\b(?:is|are) (?:\w+ )?dirty\b(?!.*\?)|\b(?:spilt|spilled|floor is wet)\b(?!.*\?)",
                r"\b(?:switch|turn|clean|wipe|throw|bring|put|open|close|shut) (?:it|that|them)\b"
                r"(?!.*\?)|^(?:you (?:should|must|need to|have to)|why don't (?:you|we))\b",
                r"\b(?:on|off|open|closed|shut),? please\W*$|^(?:a )?(?:coffee|tea)\b.*\bplease\b",
                r"\btake care of\b|\bdo something\b|\blights out\b",
            ),
        ),
        (
            "grounding",
            _any(
                _start("find", "locate", "ground", "highlight", "mark", "point", "show", "spot"),
                _start("select", "identify", "detect", "segment", "outline", "indicate", "box"),
                r"^which (?!.*\bor\b)(?!colou?r|material|shape|side|state|room)(?:of the )?"
                r"(?:[\w-]+ ){1,7}(?:is|stands|lies|hangs|sits|has)\b",
            ),
        ),
        (
            "qa",
            _any(
                _start("how", "what", "which", "where", "who", "is", "are", "was", "were", "do"),
                _start("does", "did", "has", "have", "can", "could", "would", "will", "any"),
                _start("count", "tell", "say", "check", "(?:if|whether) [^,]*$"),
                _start("in what", "in which", "on what", "on which", "of what", "of which", "am"),
                r"\b(?:what colou?r|whether|made of|or not)\b|\?\W*$",
                r"^i (?:wonder|want to know|would like to know|'d like to know)",
            ),
        ),
    ),
    refers=_any(
        r"\b(?:its?|they|them|their|ones?|others?|another|same|that|this)\b",
        r"(?<!\bis )(?<!\bare )\bthere\b(?! is| are)|\bhow many are\b",
        r"^(?:and|also|what about|how about)\b",
    ),
    names=_any(
        r"\b(?:the|an?|any|my|our|your|every|all)\s+(?!first|second|third|last|two|three|former|"
        r"latter)\w{2,}",
        r"\bhow many \w+s\b",
    ),
    empty=re.compile(r"\bthe (?:colou?r|number|count|material|shape|state|position|location)\b"),
)

_ROOMS = (
    "房間|房间|場景|场景|屋子|屋裡|屋里|客廳|客厅|臥室|卧室|廚房|厨房|餐廳|餐厅|書房|书房|浴室|"
    "辦公室|办公室|空間|空间|環境|环境|這裡|这里|四周|周圍|周围"
)
_OBJECTS = "物體|物体|物品|東西|东西|家具|擺設|摆设|陳設|陈设|物件"
_SAY = (
    "描述|介紹|介绍|列出|列舉|列举|說明|说明|說說|说说|講講|讲讲|形容|盤點|盘点|清點|清点|"
    "報告|报告|總結|总结|概述|概括|說一說|说一说"
)
_ALL = "所有|每個|每个|每一|每件|每樣|每样|全部|各個|各个|各種|各种|逐一|逐個|逐个|一一介|一一描"
_WHAT = "什麼|什么|哪些"
_MEASURES = "個个把張张本盞盏台扇隻只瓶顆颗件條条座塊块幅盆面組组架具支棵株部床灘滩"

CHINESE = Words(
    opening=_any(
        r"^[\s,，。、!！:：]+",
        "^(?:請問|请问|麻煩|麻烦|不好意思|你好|您好|嗨|可不可以|可以|能不能|能否|能|是否可以|請|请|"
        "勞駕|劳驾|拜託|拜托|幫忙|帮忙|幫我|帮我|替我|給我|给我|為我|为我|那麼|那么|現在|现在|接下來|"
        "接下来|機器人|机器人|你|您|我需要|我要你|我想請|我想请|一下|好的|好|順便|顺便|快|先|再|來|来|"
        "告訴我|告诉我|我想知道|看一下|看看|檢查一下|检查一下|問一下|问一下|謝謝|谢谢|嗯|還有|还有|那)",
    ),
    rules=(
        (
            "reasoning",
            _any(
                "為什麼|为什么|為何|为何|怎麼回事|怎么回事|怎麼會|怎么会|怎麼弄|怎么弄|怎麼來|怎么来",
                f"(?:發生|发生).{{0,3}}(?:{_WHAT}|何事)",
                f"(?:做|幹|干|忙|進行|进行).{{0,2}}(?:{_WHAT}|啥)(?!用|的)",
                "推測|推测|推斷|推断|推論|推论|判斷|判断|猜|原因|緣故|缘故|可能|大概|解釋|解释",
                "線索|线索|跡象|迹象|剛才|刚才|剛剛|刚刚|不久前|意味|表明|看得出|看出|覺得|觉得",
                "依你看|從場景|从场景|根據|根据",
                "[幾几][個个]人|坐得下|絆倒|绊倒|[擋挡][著着路]",
                "看得(?:到|見|见)(?:裡面|里面|屋|我)|(?:下雨|雨水|雨[會会]).*[進进]來?",
                "有人.{0,6}(?:睡|躺|做飯|做饭|煮|工作|在用|在看)",
            ),
        ),
        (
            "planning",
            _any(
                "^(?:把.*|(?:關|关|打開|打开|開|开)(?![著着了的]).*)(?:嗎|吗|好不好)",
                "找.*(?:然後|然后|再|並|并|之後|之后).{0,3}(?:打開|打开|關|关|開|开|拿|放|推|擦)",
                "^(?:[走去到]|靠近).*(?:旁邊|旁边|前面|那裡|那里|那邊|那边)去?[。！!]?$",
                "^(?:(?:走|移動|移动|開|开)到|前往|過去|过去)(?!.*[？?嗎吗])",
            ),
        ),
        (
            "dense_caption",
            _any(
                f"^有(?:{_WHAT})(?:{_OBJECTS})?[？?]?$|^(?:{_SAY})(?:一下)?你?看到的",
                f"(?:{_SAY}).*(?:{_ALL})|(?:{_ALL}).*(?:{_SAY})",
                f"^(?:詳細|详细|完整|簡單|简单|大致)?(?:地)?(?:{_SAY})(?:一下|出)?"
                f"(?:這|这|整|你|看|我|個|个|間|间|到)*(?:的)?(?:{_ROOMS})"
                f"(?:$|[。！!]|(?:裡|里|中|內|内)?(?:面)?(?:的)?(?:{_OBJECTS}|情況|情况|樣子|样子))",
                f"(?:{_SAY}).*(?:{_ROOMS})(?:裡面|里面|裡|里|中|內|内)?(?:的|有)(?:{_OBJECTS}|{_WHAT})",
                f"(?:{_ROOMS})(?:裡面|里面|裡|里|中|內|内)?(?:都|總共|总共|一共)?有(?:{_WHAT}|些)",
                f"^看到了?(?:些)?(?:{_WHAT})|環顧|环顾",
            ),
        ),
        (
            "object_caption",
            _any(
                f"{_SAY}|長什麼樣|长什么样|什麼樣子|什么样子|什麼模樣|什么模样|外觀|外观",
                "看起來|看起来|"
                "^(?:這|这|那)(?:裡|里|個|个|邊|边)?(?:物體|物体|物品|東西|东西)?是(?:什麼|什么)"
                "(?!顏色|颜色|材|做|樣的|样的|形|狀|状|房|類|类|地方)",
            ),
        ),
        (
            "qa",
            _any(
                "要不要|該不該|该不该|[沒没][？?。]?$|"
                "(?:顏色|颜色|材質|材质|材料|形狀|形状)[。！!]?$",
                f"幾[{_MEASURES}人]|几[{_MEASURES}人]|多少|有沒有|有没有|找得到|看得到|數一|数一|"
                "數數|数数|數量|数量|總數|总数|什麼房間|什么房间",
            ),
        ),
        (
            "grounding",
            _any(
                "(?<!尋)找(?!不到)(?!.*[給给帶带拿].{0,2}[我來来])|指出|指給|指给|指一|標出|标出|標示|标示|標記|标记|標註|标注|圈出|框出|框選",
                "框选|定位|指認|指认|選出|选出|的位置|位於何處|位于何处|鎖定|锁定",
                "[標标圈框指]出來|[標标圈框指]出来|[標标]示出",
                f"^哪(?:一)?[{_MEASURES}](?!.*還是)(?!.*还是)(?!更|比較|比较|.{{0,3}}，)",
            ),
        ),
        (
            "qa",
            _any(
                "嗎|吗|什麼(?!都)|什么(?!都)|哪|是不是|還是|还是|是否|誰|谁|何|怎樣|怎样|怎麼樣|怎么样|呢[？?]?$",
                "檢查.*是|检查.*是|確認.*是|确认.*是",
            ),
        ),
        (
            "planning",
            _any(
                "(?<![手那這这哪一二兩两三四五六七八九十])把(?!手)|將|将|想|要[^是]|希望|該|该",
                "計劃|计划|規劃|规划|步驟|步骤|如何|目標|目标|任務|任务|通風|通风|太|很|好暗|好悶|好闷",
                "準備|准备|整理|清理|清潔|清洁|清掃|清扫|打掃|打扫|收拾|收好|排好|擦|抹|拿|取|端|搬|移到",
                "放到|放在(?!.*的[^。]*。?$)|放回|推|煮|泡|沖|冲",
                "鋪|铺|倒|丟|扔|送|遞|递|撿|捡|清洗|洗一|洗乾|洗干|拖地|拖乾|掃|扫",
                "佈置|布置|擺好|摆好|歸位|归位",
                "弄|做一|煮一|清掉|處理|处理|有點|有点|需要|點亮|点亮|熄|進來|进来|有水|濕了|湿了|應該|应该",
                "^(?:打開|打开|開啟|开启|開|开|拉|關掉|关掉|關上|关上|關閉|关闭|關好|关好|關|关|去)",
                "(?:打開|打开|開啟|开启|關掉|关掉|關上|关上|關閉|关闭|關好|关好)[。！!]?$",
                "(?:開著|开着|關著|关着)[。！!]?$",
                "渴|餓|饿|好冷|好熱|好热|髒|脏|灑|洒|濕濕|湿湿|晚安|累了|空氣不好|空气不好|什麼都看不|什么都看不",
                "杯(?:咖啡|茶)|吧[。！!]?$|時間到了|时间到了",
            ),
        ),
    ),
    refers=re.compile(
        "它|他們|他们|她|那|這個|这个|這|这|另|其他|其餘|其余|剩下|同一|其中|第[一二三四五]|別的|别的|色的有|^(?:那|還有|还有|然後|然后)"
    ),
    names=re.compile("[\u3400-\u9fff]{2}"),
    empty=_any(
        "什麼|什么|顏色|颜色|[哪那][裡里兒儿]?|多少|幾|几|怎麼|怎么|樣|样|材質|材质|形狀|形状|狀態|状态",
        "數量|数量|現在|现在|知道|告訴|告诉|請問|请问|可以|時候|时候|位置|房間|房间",
        "[紅红黃黄藍蓝綠绿白黑灰棕紫粉橘橙銀银金米深淺浅]+色",
        "[是不有沒没的嗎吗呢吧啊個个在開开關关著着掉把幫帮我你了還还也都嗯好謝谢能要想拿給给過过來来去一兩两做成"
        "上下前後后左右旁邊边面大小高矮長长多少看到得出和跟對对說说]",
    ),
)
