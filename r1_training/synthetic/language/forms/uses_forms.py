"""Wordings of questions about what things are good for, and the answers."""

from __future__ import annotations

from r1_training.synthetic.language.forms.patterns import Forms

_WHERE = "[|Tell me, |Excuse me, |Hey, ]where [can I|can we|could I|could one|can you] "
_WHAT = "[|Tell me, |Excuse me, ]what [can I|could I|can we] "
_IS = "[Is|Do you see|Can you see] "
_WO = "[|請問|請問一下，|你好，][哪裡可以|哪裡能|在哪裡可以|我可以在哪裡]"
_CAN = "[|請問|請問一下，][什麼可以|有什麼可以|有沒有東西可以|我可以用什麼]"

FORMS: dict[str, dict[str, Forms]] = {
    "en": {
        "sit": Forms(
            _WHERE + "sit[| down]?",
            "Is there [anything|something|a thing] to sit on[?| here?]",
            "Is there [anywhere|a place|somewhere] to sit[| down]?",
            "[I want to|I'd like to|I need to] sit[| down], where?",
        ),
        "lie": Forms(
            _WHERE + "[lie down|sleep|take a nap]?",
            "Is there [anywhere|a place] to [lie down|sleep]?",
        ),
        "wash": Forms(
            _WHERE + "wash my hands?",
            "Is there [anywhere|a place] to wash [my|your|our] hands?",
        ),
        "rubbish": Forms(
            _WHERE + "[throw this away|throw away rubbish|get rid of this|throw the rubbish]?",
            "Where does [the rubbish|rubbish|the trash|this waste] go?",
        ),
        "read": Forms(
            _WHAT + "read[| here]?",
            _IS + "[anything|something] to read[| here]?",
        ),
        "cool": Forms(
            _WHERE + "[keep food cold|keep the milk cold|cool a drink|store food]?",
            "Where does [the milk|the butter|fresh food] go?",
        ),
        "heat": Forms(
            _WHERE + "[heat up food|warm up my lunch|heat my soup]?",
            _WHAT + "[heat food with|warm up food with]?",
        ),
        "boil": Forms(
            _WHAT + "boil water [with|in]?",
            _WHERE + "[boil water|get hot water]?",
        ),
        "time": Forms(
            _WHERE + "[see the time|see what time it is|read the time]?",
            "What [shows|tells] [me |us |]the time?",
        ),
        "mirror": Forms(
            _WHERE + "[look at myself|check my hair|see myself]?",
            _IS + "[anything|something] to look at myself in?",
        ),
        "light": Forms(
            "What [gives|can give|makes|could give] [light|some light|us light][| here]?",
            _WHAT + "[switch on for light|use as a light|use for light]?",
        ),
        "print": Forms(
            _WHERE + "[print something|print this|print a page]?",
            _WHAT + "print with?",
        ),
        "drink": Forms(
            _WHAT + "drink from?",
            _IS + "[anything|something] to drink from?",
        ),
        "clothes": Forms(
            _WHERE + "[hang my coat|put my clothes|keep my clothes]?",
            "Where [do|should] [my clothes|the clothes] go?",
        ),
        "warm": Forms(
            _WHERE + "[warm up|get warm|warm my hands]?",
            "What [heats|warms|keeps warm] [the room|this room]?",
        ),
        "play": Forms(
            _WHAT + "play with?",
            _IS + "[anything|something] to play with?",
        ),
    },
    "zh": {
        "sit": Forms(
            _WO + "坐[|下]？",
            "有[地方|什麼地方|位子]可以坐嗎？",
            "我想坐[下|一下]，坐哪裡？",
        ),
        "lie": Forms(_WO + "[躺|睡覺|躺一下]？", "有[地方|什麼地方]可以[躺|睡覺]嗎？"),
        "wash": Forms(_WO + "洗手？", "有[地方|什麼地方]可以洗手嗎？"),
        "rubbish": Forms(
            _WO + "[丟垃圾|丟這個|扔垃圾]？",
            "垃圾[要丟哪裡|丟在哪裡|應該丟到哪裡]？",
        ),
        "read": Forms(_CAN + "[看|讀|閱讀]？", "有[什麼|東西]可以[看|讀]嗎？"),
        "cool": Forms(
            _WO + "[冷藏食物|放牛奶|冰飲料]？",
            "[牛奶|食物|飲料]要[放|冰]在哪裡？",
        ),
        "heat": Forms(_WO + "[加熱食物|熱午餐|熱湯]？", _CAN + "加熱食物？"),
        "boil": Forms(_CAN + "[燒水|煮開水]？", _WO + "燒水？"),
        "time": Forms(_WO + "看時間？", "[什麼東西|什麼]可以看時間？"),
        "mirror": Forms(_WO + "[照鏡子|看到自己]？", "有東西可以[照|看到自己]嗎？"),
        "light": Forms(_CAN + "[照明|發光]？", "[什麼東西|什麼]可以照亮這裡？"),
        "print": Forms(_WO + "[列印|印東西|印文件]？", _CAN + "列印？"),
        "drink": Forms(_CAN + "[喝水|裝水喝]？", "我可以用什麼[喝水|喝]？"),
        "clothes": Forms(
            _WO + "[掛外套|放衣服|收衣服]？",
            "衣服[要放哪裡|放在哪裡|要掛在哪裡]？",
        ),
        "warm": Forms(_WO + "取暖？", "[什麼東西|什麼]可以讓[房間|這裡]變暖？"),
        "play": Forms(_CAN + "[玩|拿來玩]？", "有[什麼|東西]可以玩嗎？"),
    },
}  # fmt: skip

ANSWERS: dict[str, dict[str, str]] = {
    "en": {
        "sit": "you can sit on {x}.",
        "lie": "you can lie down on {x}.",
        "wash": "you can wash your hands at {x}.",
        "rubbish": "rubbish goes into {x}.",
        "read": "you can read {x}.",
        "cool": "{x} keeps things cold.",
        "heat": "you can heat food with {x}.",
        "boil": "you can boil water with {x}.",
        "time": "{x} shows the time.",
        "mirror": "you can look into {x}.",
        "light": "{x} can give light.",
        "print": "you can print with {x}.",
        "drink": "you can drink from {x}.",
        "clothes": "clothes go into {x}.",
        "warm": "{x} gives warmth.",
        "play": "you can play with {x}.",
    },
    "zh": {
        "sit": "可以坐在{x}上。",
        "lie": "可以躺在{x}上。",
        "wash": "可以在{x}洗手。",
        "rubbish": "垃圾丟進{x}。",
        "read": "可以看{x}。",
        "cool": "可以放進{x}冷藏。",
        "heat": "可以用{x}加熱。",
        "boil": "可以用{x}燒水。",
        "time": "可以看{x}。",
        "mirror": "可以照{x}。",
        "light": "{x}可以照明。",
        "print": "可以用{x}列印。",
        "drink": "可以用{x}喝。",
        "clothes": "衣服放進{x}。",
        "warm": "{x}可以取暖。",
        "play": "可以玩{x}。",
    },
}
# what something is looked for by its use
FIND: dict[str, Forms] = {
    "en": Forms(
        "[|Please |Robot, |Can you |Could you |Could you please ][find|look for|point out|show me"
        "|locate] [something|anything|an object|the thing] {v}[.| in this room.| here.]",
        "[I am looking for|I'm looking for|Look for] [something|an object] {v}[.|, please.]",
    ),
    "zh": Forms(
        "[|請|幫我|請幫我|麻煩你][找到|找出|指出|標出|找一下|找找][可以|能|用來]{v}的[東西|物品|物體]。",
        "[我在找|我要找|我想找]可以{v}的東西。",
    ),
}
FOR: dict[str, dict[str, str]] = {
    "en": {
        "sit": "to sit on",
        "lie": "to lie on",
        "wash": "to wash my hands in",
        "rubbish": "to throw rubbish into",
        "read": "to read",
        "cool": "that keeps food cold",
        "heat": "to heat food with",
        "boil": "to boil water with",
        "time": "that shows the time",
        "mirror": "to look at myself in",
        "light": "that gives light",
        "print": "to print with",
        "drink": "to drink from",
        "clothes": "to put my clothes into",
        "warm": "that warms the room",
        "play": "to play with",
    },
    "zh": {
        "sit": "坐",
        "lie": "躺",
        "wash": "洗手",
        "rubbish": "丟垃圾",
        "read": "看",
        "cool": "冷藏食物",
        "heat": "加熱食物",
        "boil": "燒水",
        "time": "看時間",
        "mirror": "照自己",
        "light": "照明",
        "print": "列印",
        "drink": "喝水",
        "clothes": "放衣服",
        "warm": "取暖",
        "play": "玩",
    },
}
# the answer where nothing serves, and the word that it must hold
NOTHING: dict[str, tuple[str, str]] = {
    "en": ("there is nothing for that here.", "nothing"),
    "zh": ("這裡沒有那樣的東西。", "沒有"),
}
