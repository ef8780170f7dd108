"""Words that name the skills of a robot, in English and Chinese; see `skills.SKILLS`.

One word may stand for several skills ("move the chair" is picked up and put down, pushed, or driven
to): a prohibition holds for all of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from r1_model.plans.skills import SKILLS

EVERYTHING = frozenset(SKILLS)
HANDLING = EVERYTHING - {"navigate_to", "look_at", "wait"}
# verbs of carrying say where to
CARRYING = frozenset({"navigate_to", "pick", "place", "push", "turn_on", "turn_off", "open"})

_CARRY = "pick place"
_TOUCH = " ".join(sorted(HANDLING))
_ENGLISH = {
    "navigate_to": "go drive walk navigate head come approach enter travel roll visit "
    "cross traverse",
    "navigate_to pick place push": "move",
    "pick place push": "relocate reposition displace rearrange transport",
    "open": "open unlock",
    "open close": "draw",
    "close": "close shut",
    "pick": "pick grab grasp lift hold collect steal",
    _CARRY: "take get fetch bring carry remove hand deliver give return clear tidy throw dispose",
    "place": "put place set lay drop store stack hang serve spill pour",
    "turn_on": "activate",
    "turn_off": "deactivate unplug disconnect",
    "turn_on turn_off": "turn switch power",
    "make_coffee": "brew",
    "make_coffee make_bed": "make prepare",
    "turn_on make_coffee": "start run",
    "wipe clean": "wipe clean mop sweep vacuum wash dust dry",
    "make_bed push": "straighten",
    "push": "push shove shift slide pull nudge topple knock bump tip tilt rock",
    "look_at": "look",
    _TOUCH: (
        "touch use handle disturb operate bother tamper damage break alter change mess play "
        "interact fiddle meddle"
    ),
    " ".join(sorted(EVERYTHING)): "do",
}
_PARTICIPLES = {
    "brought": "bring", "taken": "take", "put": "put", "got": "get", "gotten": "get",
    "given": "give", "thrown": "throw", "shut": "shut", "made": "make", "held": "hold",
    "hung": "hang", "laid": "lay", "swept": "sweep", "broken": "break", "gone": "go",
    "moving": "move", "driven": "drive", "set": "set", "stolen": "steal", "done": "do",
    "run": "run",
    "tidied": "tidy", "dried": "dry",
}  # fmt: skip
_CHINESE = {  # Simplified
    "navigate_to": "移动到|移到|走到|经过|穿过|路过|踏进|踏入|闯进|闯入|"
    "开到|驶|前往|靠近|接近|走近|进入|进到|过去|走|进|去|到",
    "open turn_on": "打开|开启|拉开|推开|掀开|点亮|启动|开",
    "close turn_off": "关上|关掉|关闭|关好|关起|关了|合上|盖上|熄|关",
    "turn_on make_coffee": "煮|泡|冲",
    "make_coffee make_bed": "做",
    "pick": "拿起|拾起|捡|拾|抓|夹|握|偷|攞",
    _CARRY: "拿|取|端|搬|提|带|递|送|移动|移|挪|收|丢|扔|倒|整理|收拾",
    "place": "放|摆|搁|挂|塞|装|存|洒",
    "wipe clean": "擦|抹|打扫|清扫|清理|清洁|清洗|清|扫|拖|洗|吸尘",
    "make_bed": "铺",
    "push": "推|拉|挪动|挪开|挪|移动|移开|移|搬动|搬",
    "look_at": "看",
    _TOUCH: "触碰|触摸|掂|郁|碰|摸|动|使用|操作|用|弄|搞|打扰|玩|惹|管|处理|理会|理",
}


def _english_forms(base: str) -> set[str]:
    stem = base.removesuffix("e")
    forms = {base, f"{base}s", f"{base}es", f"{stem}ing", f"{base}ing", f"{base}ed", f"{stem}ed"}
    if re.fullmatch(r"\w*[aiou][pgbtn]", base) or base in ("get", "set"):
        forms |= {f"{base}{base[-1]}ing", f"{base}{base[-1]}ed"}
    return forms


ENGLISH_VERBS: dict[str, frozenset[str]] = {}
for _skills, _words in _ENGLISH.items():
    for _word in _words.split():
        for _form in _english_forms(_word):
            ENGLISH_VERBS[_form] = frozenset(_skills.split())
for _form, _word in _PARTICIPLES.items():
    ENGLISH_VERBS[_form] = ENGLISH_VERBS[_word]

CHINESE_VERBS: dict[str, frozenset[str]] = {}
for _skills, _words in _CHINESE.items():
    for _word in _words.split("|"):
        CHINESE_VERBS[_word] = CHINESE_VERBS.get(_word, frozenset()) | frozenset(_skills.split())

# longest first, so that a word is not taken for its beginning
_LONGEST = sorted(CHINESE_VERBS, key=len, reverse=True)
# 开 and 关 begin other words; 动 and 用 end some
CHINESE_VERB = (
    f"(?:{'|'.join(_LONGEST[: _LONGEST.index('开')])}"
    f"|{'|'.join(_LONGEST[_LONGEST.index('开') :])})"
    "(?<!走(?=[廊道]))(?<!开(?=始|心|会|玩|车))(?<!关(?=心|系|于|注))(?<!到(?=底))(?<!进(?=行|步|展|度|口))(?<!用(?=力|心))"
    r"(?<!拖(?=[延拉欠]|下去|了(?:\W|$)))"
)
ENGLISH_VERB = rf"(?:{'|'.join(sorted(ENGLISH_VERBS, key=len, reverse=True))})\b"

_GET_FORMS = ("get", "gets", "getting", "got", "gotten")
_BECOMES = re.compile(
    r"\s+(?:(?:too|so|all|any|very)\s+)?(?:up|out|away|lost|home|stuck|ready|going|started|"
    r"warm\w*|cold\w*|hot\w*|wet\w*|cool\w*|dirt\w*|old\w*|bad\w*|dark\w*|angry|hurt|tired|"
    r"confused|distracted|damaged|scratched)\b"
)
_CAUSES = re.compile(
    r"\s+(?:me|us|him|her|them|it)\s+(?!(?:an?|the|any|some|another|one|more|coffee|espresso)\b)\w"
)
_CLOSE_TO = re.compile(r"\s+(?:any ?where |too |any )*(?:near|close)")
_INTO = re.compile(r"\s+(?:in|inside|into) (?!from\b)\w")
_SET_FOOT = re.compile(r"sets?(?:ting)? foot\b")
_LAY_HANDS = re.compile(r"lay(?:s|ing)? (?:an? |your )?(?:hands?|fingers?)\b")
_OVER = re.compile(r"\s+(?:over|off|down|into|against)\b|.*\s(?:over|off|down)\W*$")
_PARTICLE = {"on": "turn_on", "up": "turn_on", "off": "turn_off", "down": "turn_off"}
# "no lamp is to come on"
_GOES_ON = re.compile(r"\s+(on|off)\W*(?:$|(?:tonight|today|now|again|yet|until|till|while)\b)")
_SWITCHES = ("turn", "switch", "power", "shut", "put")


def english_actions(verb: str, rest: str) -> frozenset[str]:
    """The skills that a verb names.

    Args:
        verb: a form of a verb, in small letters.
        rest: what follows it in its clause: "turn" needs its "on" or "off".
    """
    skills = ENGLISH_VERBS[verb]
    if verb in _GET_FORMS and _BECOMES.match(rest):
        return frozenset()  # "don't get up", "don't let it get cold"
    going = skills == ENGLISH_VERBS["go"] or verb in _GET_FORMS
    goes_on = _GOES_ON.match(rest) if skills == ENGLISH_VERBS["go"] else None
    if goes_on is not None:
        return frozenset({_PARTICLE[goes_on[1]]})
    if going and _CLOSE_TO.match(rest):  # who must not come near must not handle it either
        return EVERYTHING - {"look_at", "wait"}
    if going and _INTO.match(rest):  # who goes into the fridge opens it
        return ENGLISH_VERBS["go"] | {"open"}
    if _SET_FOOT.match(f"{verb}{rest}"):
        return ENGLISH_VERBS["go"]
    if _LAY_HANDS.match(f"{verb}{rest}"):
        return HANDLING
    if verb.startswith(("knock", "bump", "tip")) and not _OVER.match(rest):
        return frozenset()
    if verb.startswith(_SWITCHES):
        if re.search(r"\bo(?:n|ff) (?:or|nor|and) o(?:n|ff)\b", rest):
            return frozenset({"turn_on", "turn_off"})
        particles = [_PARTICLE[word] for word in re.findall(r"\b(on|off|up|down)\b", rest)]
        switched = frozenset(particles[:1])
        if "put" in verb:  # "put the light on" is none of carrying
            return switched if re.search(r"\b(?:on|off)\W*$", rest) else skills
        if "shut" in verb:
            return skills | (switched & {"turn_off"})
        return switched or skills
    if skills == ENGLISH_VERBS["make"]:
        if _CAUSES.match(rest):
            return frozenset()  # "don't make me get up"
        drinks = re.search(r"\b(?:coffee|espresso|drink)", rest)
        beds = re.search(r"\bbeds?\b", rest)
        if drinks or beds:
            return frozenset({"make_coffee"} if drinks else {"make_bed"})
    return skills


def chinese_actions(verb: str) -> frozenset[str]:
    """The skills that a verb names.

    Args:
        verb: Simplified, or an English one in a Chinese text.
    """
    return CHINESE_VERBS.get(verb) or ENGLISH_VERBS[verb]


def verbs_in(text: str, chinese: bool) -> Iterator[re.Match[str]]:
    """Verbs of skills in a text, in order.

    Args:
        text: in small letters; Chinese is Simplified.
        chinese: the text is Chinese.
    """
    pattern = CHINESE_VERB if chinese else rf"\b{ENGLISH_VERB}"
    return re.finditer(pattern, text)
