"""Chinese clauses that forbid; the rule is in `request`. All of it is in Simplified."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from r1_model.plans.forbidden import Forbidden
from r1_model.plans.prohibitions.chinese.excepted import exceptions
from r1_model.plans.prohibitions.chinese.joined import counts, with_each_negation
from r1_model.plans.prohibitions.chinese.kept import (
    contrasted,
    done_by_others,
    kept_away_from,
    left_as_it_is,
    left_out,
    put_off,
)
from r1_model.plans.prohibitions.chinese.may_not import may_not
from r1_model.plans.prohibitions.chinese.not_moved import not_moved
from r1_model.plans.prohibitions.chinese.nouns import with_noun
from r1_model.plans.prohibitions.chinese.things import names_act, opened, thing_in, things_in
from r1_model.plans.prohibitions.chinese.told_off import SELF, told_off
from r1_model.plans.verbs import (
    CARRYING,
    CHINESE_VERB,
    ENGLISH_VERB,
    EVERYTHING,
    HANDLING,
    chinese_actions,
    verbs_in,
)

_CLAUSE = re.compile(r"[^，。；！？,.;!?\n]+[，。；！？,.;!?\n]*")
_BREAK = re.compile(
    "(?<=[\u3400-\u9fff]) +(?=[\u3400-\u9fff])|但是|但|不过|可是|然后|接着|而是|只要|因为|"
    "(?<=[^就])而(?!且)|并且"
)
# 别 and 不 end or begin other words; these are none that forbid
_NO_WORD = (
    "(?<![个特分级性类区告识辨差派道离判鉴各])别(?![的人墅针处名致离扭客急怕担忘]|提了)"
    "|(?<![要])不要(?![紧忘客急怕担])|(?<!能)不能(?!不)|(?<!可)不可(?:以)?(?!不)|(?<!(?<!允)许)不许|不准|不得(?!不)"
    "|不应该|不应|不该|不用(?![担谢说客急怕])|不必|不需要|没必要|没有必要|无须|无需|毋须"
    "|不是(?!不)|绝不|决不|绝对不|永不|永远不|少(?=碰|动|管|开|玩|去)|用不着|犯不着|不劳|休想|妄想|[别甭]想"
    "|(?:一律|一概|统统)不(?![用要必能可得该准许])|停止|与其|不兴|休[要得]|莫要?(?=[碰动开关拿摸进去用管搬放打])|不应当|不宜|(?:暂时?|先)不(?![用要必能可得该准许])|不忙着?|不急着|不让(?![我他她])|不给(?=[碰动摸开进用])|免(?=开|关|拿|动|收|擦)|切勿(?!忘)|请勿(?!忘)|(?<![切请])勿(?!忘)|禁止|严禁|甭|避免|拒绝"
    "|唔(?:好|准|可以|使|需要)|(?:don't|dont|do not|never) ?(?=[\u4e00-\u9fff])"
)
_FILL = (
    "(?:你|您|再|又|去(?=[^了，。]{0,6}(?:开|关|拿|碰|动|把|将))|来|给我|帮我|替我|随便|随意|乱|轻易|擅自|直接|马上|立刻|现在|先|也|都|"
    "让(?:任何)?[人你]|任何人|有人|自己|故意|不小心|同时|急着|想着|尝试|试着|试图|在任何情况下|"
    "用手|用力|往[里外上下前后]面?|按|到处|进行|继续|去)*"
)
_OBJECT = "(?:(?P<with>把|将|给|从|对)(?P<moved>[^，。；！？,.;!?]{1,24}?))?"
_WHICHEVER = "管(?:怎|什|谁|哪|多|是|如何)"  # 别管哪个: it does not matter which
_GOVERNED = re.compile(
    f"(?P<no>{_NO_WORD})(?!{_WHICHEVER})(?P<fill>{_FILL}){_OBJECT}(?P<fill2>{_FILL}) ?"
    f"(?P<verb>{CHINESE_VERB}|{ENGLISH_VERB})"  # "不要 touch 花瓶"
)
_WITHOUT = re.compile(
    f"(?P<no>(?:在|请)?(?:不|没有?|未)(?!要|能|可|许|准|得|应|该|用|必|需|是|只|但|错|过|见|会|想|管(?:怎|什|谁|哪|多|花|是|你|发生|如何)))"
    f"{_OBJECT}(?P<verb>{CHINESE_VERB})(?P<rest>[^，。；！？,.;!?]*)"
)
_CONDITION = re.compile("(?:的)?(?:情况|前提|条件|状况|状态)?(?:之)?下|就|便")
_HALT = re.compile(
    r"^\W*(?:请|机器人|快|马上|立刻|现在|给我|你)*"
    r"(?:停下来?|停止|停住|站住|停|住手)(?:一下|吧)?\W*$"
)
# of a thing where one was named: "花瓶，别动！"
_STILL = re.compile(
    r"^\W*(?:请|都|全都|给我|你|就|停下?)*(?:别|不要|不许|不准)(?:再|乱)?动(?:它|了|啊)*\W*$"
)
# "不擦桌子不行" asks for it
_HAS_TO = re.compile(
    f"(?:不|非得?要?)(?:把[^，。；！？,.;!?]{{1,12}}?)?{CHINESE_VERB}[^，。；！？,.;!?]{{0,12}}?(?<!行)不(?:行|可|成)(?!以)"
)
# "别关灯把窗户关上": speech written down has no marks
_NEXT = re.compile(f"(?<!^)(?:然后|再|请)*[把将](?=[^，。；！？,.;!]{{1,12}}?{CHINESE_VERB})")
_LEAVES = re.compile(f"[了啊呀嘛]*[，。！,.!]+[^，。！]*{CHINESE_VERB}")
_WISH = re.compile(
    "我(?:们)?(?:都|可)?(?:没有?(?:让|叫|准)(?=你)|不想|不希望|不愿意|不喜欢|不允许|不同意|不准|不要(?=你|让|有人|任何人))(?:再?(?:看到|看见|见到))?(?:你|让你|有人|别人|任何人)?"
)
_OTHERS_WISH = re.compile(
    "(?:[他她]们?|[爸妈爷奶哥姐弟妹]{1,2}|老师|医生|客人|先生|太太|老婆|老公|主人)(?:也|都|可)*"
    "不(?:想|希望|愿意|喜欢)(?:让|有)?(?:你|人|有人|别人|任何人)"
)
_OPENING = re.compile(
    "^(?:请|请你|麻烦|拜托|机器人|你|您|千万|绝对|绝|记得|记住|注意|小心|和|也|还有|还|以及|并|就|都|"
    "但|可|而|那|那么|好|好的|嗯|快|先|现在|以后|从现在起|任何时候|无论如何|不管怎样|任何人都|谁都|"
    r"(?:我们|咱们|大家)?(?:能不能|可不可以|可以|能)?(?:你|您)?(?:向我)?(?:答应|保证|发誓|说好|约好)(?:我|了|过)*|"
    r"任何人|一定|一律|永远|永远都|在任何情况下|晚上|今天|都|\s|\W)*$"
)
_ALL_BUT = re.compile("除.+(?:什么|任何|其[他它余]|别的|哪).*[都也]?$")
_DRINK_OR_BED = re.compile("咖啡|[茶饮]|床")
_OTHERS = re.compile("其他|其它|别的|其余")
_PLACE = re.compile(
    "(?P<thing>.*?)(?:(?:放|摆|搁|丢|扔|倒|移|搬|拿|带|送|挪)?(?:到|在|进|入|往)(?P<place>.+)|"
    "[放摆搁挂堆](?P<on>[^，。]+[上下里内旁边中])(?:了|去|来|\\W)*$)"
)
# "花瓶？不要动"
_PREVIOUS = re.compile(
    "(?:([^，。；！？,.;!?\n]+)[，,]|(?:^|(?<=[。；！？.;!?\n]))([^，。；！？,.;!?\n吗什哪谁几]{1,6})[？?])[^，。；！？,.;!?\n]*$"
)
# what is told of it
_TOLD = re.compile(
    "是|很|太|正|刚|还|已经|(?:[就要得给请也都让它我]|保持|一直|继续)*[留开亮关放拉锁]着"
)
# until when it holds, and who says so: "修好之前谁都别开", "师傅说三天内不能开"
_SETTING = re.compile(
    "^(?:[^，。；！？,.;!?的]{1,4}(?:说|交代|吩咐|规定)(?:过|了)?)?"
    "(?:[^，。；！？,.;!?]{1,8}?(?:之前|以前|[之以天时钟]内|期间|的时候))?"
)
# a word between a thing and what is denied of it: "等等，还是别开了"; "碰坏了赔不起，离它远点"
_BETWEEN = re.compile(
    f"[，,](?:等等|等一下|慢着|[啊哎呃嗯]*(?:算了|不对|不是)?|(?:{CHINESE_VERB}|摔|打)(?:坏|碎|破|丢|倒)[^，,]*)(?=[，,])"
)
# "又不是不能开", "谁说不能开": nothing is denied; "我不是说了别开" reminds of it
_UNDONE = re.compile(
    "(?:(?:不是|并非)我?|(?:没人|没有?|谁|哪个)说过?[^，。；！？,.;!?]{0,8}|没有?(?:什么|啥))$"
)
# "别进去打扫": what it is entered for is denied as well
_IN_ORDER_TO = re.compile(f"[去来](?P<verb>{CHINESE_VERB})")
_JOINED = re.compile("^(?:但是|但|不过|可是|然后|接着|而是|只要|因为|而|并且)")


def read_chinese(text: str) -> Iterator[Forbidden]:
    """What the Chinese of a text forbids.

    Args:
        text: Simplified.
    """
    if not re.search("[\u3400-\u9fff]", text):
        return
    text = with_each_negation(text, _NO_WORD)
    for found in exceptions(text, _NO_WORD):
        yield with_noun(found, text[: found.start])
    for sentence in _CLAUSE.finditer(text):
        start = sentence.start()
        for stop in [*(m.start() for m in _BREAK.finditer(text, start, sentence.end())),
                     sentence.end()]:  # fmt: skip
            if stop > start:
                for read in _read_clause(text, start, stop):
                    found = with_noun(read, text[:start])
                    # "冰箱刚修好，今天不能打开": what it is about was said before
                    unnamed = not (found.things or found.others) and found.actions != EVERYTHING
                    said = _said_before(text[:start]) if unnamed else ""
                    yield replace(found, things=(_TOLD.split(said)[0] or said,)) if said else found
            start = stop


def _said_before(text: str) -> str:
    """What a clause before names; empty where none does."""
    said = _PREVIOUS.search(_BETWEEN.sub("", text))
    return _SETTING.sub("", said[1] or said[2]) if said is not None else ""


def _read_clause(text: str, start: int, end: int) -> Iterator[Forbidden]:
    clause = text[start:end]
    if _HALT.match(clause):
        yield Forbidden(start, end, EVERYTHING, halts=True)
        return
    if _STILL.match(clause):
        said = _said_before(text[:start])
        things = () if names_act(said) else things_in(opened(said))
        yield Forbidden(start, end, HANDLING if things else EVERYTHING, things)
        return
    clause = _JOINED.sub(lambda match: " " * len(match[0]), clause)
    if _HAS_TO.search(clause):
        return
    for match in _GOVERNED.finditer(clause):
        before = clause[: match.start()]
        if match["no"] == "不是" and re.match("[着的了过]|好的", clause[match.end() :]):
            continue  # "灯不是开着吗"
        if _UNDONE.search(before) and "吗" not in clause:
            return
        later = clause[match.end() :] + text[end:]
        if counts(match["moved"] or "", clause[match.end() :], text[end:]):
            return  # "别拿超过两个": a number, not the act
        if match["verb"] == "走" and _LEAVES.match(later):
            continue  # "别走，把书拿来"
        if before.endswith(("到", "得")):
            continue  # "湿到不能走"
        if SELF.search(before.strip()) or before.endswith(("为什么", "何", "怎么", "要")):
            continue
        yield from _governed(clause, match, start, end)
        return
    wish = _WISH.search(clause) or _OTHERS_WISH.search(clause)
    if wish is not None and not _UNDONE.search(clause[: wish.start()]):
        verb = next(verbs_in(clause[wish.end() :], chinese=True), None)
        if verb is not None:
            rest = clause[wish.end() + verb.end() :]
            moved = clause[wish.end() : wish.end() + verb.start()]
            named = thing_in(rest) or thing_in(re.sub("被|把|将|给", "", moved))
            actions = chinese_actions(verb[0])
            if not named and re.search("想$|愿意$", wish[0]):
                return  # "我不想动，你帮我关灯"
            yield Forbidden(
                start, end, actions, things_in(named), others=bool(_OTHERS.search(clause))
            )
            return
    without = _WITHOUT.search(clause)
    if without is not None and _forbids_without(clause, without):
        condition = _CONDITION.search(without["rest"])
        stop = without.start("rest") + (condition.end() if condition else len(without["rest"]))
        named = without["moved"] or without["rest"][: condition.start() if condition else None]
        thing = thing_in(named)
        first = start + without.start() if condition or without.start() else start
        yield Forbidden(first, start + stop, chinese_actions(without["verb"]), things_in(thing))
        return
    found = told_off(clause, text[start:])
    if found is not None:
        yield replace(found, start=start, end=end)
        return
    found = kept_away_from(clause) or left_as_it_is(clause) or left_out(clause)
    found = found or put_off(clause) or done_by_others(clause)
    said = re.split("[。；！？.;!?]", text[:start])[-1]
    found = found or not_moved(clause, said) or may_not(clause, said)
    found = found or contrasted(text, start, end)
    if found is not None:
        yield replace(found, start=start + found.start, end=start + found.end)


def _forbids_without(clause: str, match: re.Match[str]) -> bool:
    """ "在不打开冰箱的情况下", or a clause that is nothing else; not "灯不开了"."""
    before = clause[: match.start()]
    conditional = _CONDITION.search(match["rest"]) is not None
    if re.search(f"{CHINESE_VERB}不[^，。]", match["rest"]):
        return False  # "不推一下关不紧"
    if not conditional and re.search("[我他她它]|会|怎么", match["rest"]):
        return False  # "不关灯我睡不着"
    if match["no"] == "不" and before.endswith("还"):
        return False  # "还不把窗户关上！"
    if match["no"].lstrip("在请") in ("没", "没有", "未") and not conditional:
        return False  # "窗户没关" tells a state
    alone = _OPENING.match(before) and not re.match("的|着|好|上?了", match["rest"])
    return conditional or bool(alone)


def _governed(clause: str, match: re.Match[str], start: int, end: int) -> Iterator[Forbidden]:
    before, rest = clause[: match.start()], clause[match.end() :]
    following = _NEXT.search(rest) if not match["moved"] else None
    if following is not None:
        rest, end = rest[: following.start()], start + match.end() + following.start()
    actions = chinese_actions(match["verb"])
    purpose = _IN_ORDER_TO.match(rest)
    if purpose is not None:
        actions, rest = actions | chinese_actions(purpose["verb"]), ""
    for more in re.finditer(f"(?:或者?|和|及|也?不要|也?别|、)(?:是)?(?=({CHINESE_VERB}))", rest):
        actions |= chinese_actions(more[1])
    joined = re.match(f"(?:或者?|和|、)(?:{CHINESE_VERB})", rest)
    if joined is not None:
        rest = rest[joined.end() :]
    place = ""
    if "place" in actions and actions < CARRYING:
        whole = (match["moved"] or "") + match["verb"] + rest
        split = _PLACE.search(whole)
        if split is not None and (match["moved"] or re.search("[到在进]", rest)):
            place = thing_in(split["place"] or split["on"])
            rest = "" if match["moved"] else re.split("到|在|进|往", rest)[0]
    if match["verb"] == "做" and not _DRINK_OR_BED.search(rest + (match["moved"] or "")):
        actions = EVERYTHING  # "什么都别做"
    # "花瓶很贵，碰都别碰"
    topic = opened(re.sub(f"连?(?:{CHINESE_VERB})[都也]$", "", before))
    topic = opened(_SETTING.sub("", re.sub("[留放摆搁待关开亮]着$", "", topic)))
    # "只准看不准摸" names nothing, "玻璃做的都别碰" does
    acts = names_act(topic) and not topic.endswith("的")
    named = match["moved"] or thing_in(rest) or ("" if acts else topic)
    if match["with"] == "从" and thing_in(rest):  # "别从冰箱拿牛奶"
        named = rest
    others = _OTHERS.search(named) is not None
    if _ALL_BUT.search(before):  # "除了杯子什么都别碰"
        yield Forbidden(start, end, actions, (), place, others=True, also_request=True)
        return
    things = tuple(
        filter(None, (thing_in(part) for part in re.split("或者?|和|与|跟|及|、", named)))
    )
    # "拿杯子别打开柜子": what stands before is no topic but a request of its own
    asks = any(topic[verb.end() :][:1] != "着" for verb in verbs_in(topic, chinese=True))
    first = start + match.start() if asks else start
    yield Forbidden(first, end, actions, () if others else things, place, others)
    if "place" in actions and actions < CARRYING and not place and things:
        # "不是放沙发": what follows may be where to
        yield Forbidden(first, end, frozenset({"place"}), (), things[0])
