"""Is something asked, or is something to be done? A question is answered, never carried out.

The rule: a sentence that has the form of a question is one, unless it is a request in that form: it
asks the listener ("could you", 能不能) for the verb of a skill ("bring"), not of telling
or seeing. A text is a question where none of its sentences asks for something to be done; what has
no question's form (imperatives, wishes, "it is dark in here") may be.
"""

from __future__ import annotations

import re

from r1_model.plans.verbs import CHINESE_VERB, ENGLISH_VERB
from r1_model.text.chinese import simplified

_SENTENCE = re.compile(r"[^.?!;。？！；\n]+[.?!;。？！；\n]*")
_OPENING = re.compile(
    r"^(?:\s|,|(?:please|kindly|hey|hi|hello|ok|okay|so|and|but|now|then|well|robot|excuse me|"
    r"sorry|say|also|alright|good morning|good evening|one more thing|quick question|question)\b"
    r"[,:!]?)+"
)
_INTERROGATIVE = re.compile(
    r"(?:what|which|where|who|whose|when|why|how|is|are|was|were|am|do|does|did|has|have|had|can|"
    r"could|would|will|should|shall|may|might|must|isn't|aren't|don't|doesn't|didn't|can't|couldn't|"
    r"won't|wouldn't|hasn't|haven't|what's|where's|who's|how's|any(?= \w))\b"
)
_NOT_INVERTED = re.compile(
    r"when(?:ever)? (?!is|are|was|were|do|does|did|will|would|can|could|should|shall|has|have|had|"
    r"may|to\b)[^?]*,|"
    # "what i want is the mug"
    r"what (?:i|we)(?:'d| would)? (?:really )?(?:want|need|like)\b(?! to know)|"
    r"(?:don't|do(?: not)?|have|may|any)\b(?! (?:you|i|we|they|it|there|any)\b)"
)
_FILL = (
    r"(?:(?:please|just|maybe|perhaps|possibly|kindly|quickly|also|then|now|be so kind (?:as )?to|"
    r"go(?: and| over and)?|try to|come(?: and)?|(?:promise|agree)(?: me| us)? to|"
    r"help me(?: to)?|help|manage to|quickly)\s+)*"
)
# what a skill's verb does not carry out
_ONLY_WORDS = (
    r"(?! (?:a (?:look|guess|glance|peek|count|moment)|"
    r"me (?:the|a|an|your|some)? ?(?:number|count|name|answer|idea|hint|description|list|reason|"
    r"colou?r|position|location|overview)|"
    r"(?:the |a )?(?:guess|sense|list|description|overview|count)|an idea|into account|place))"
)
# a request not to is one, too: "could you please not touch it"
_REFRAIN = (
    r"(?:(?:(?:try|manage|remember|agree|promise|be careful|make sure) )?"
    rf"(?:not|never) (?:to )?{_FILL}{ENGLISH_VERB}|"
    r"(?:stop|avoid|quit|refrain|hold off|keep|leave|stay|steer) (?!me\b|us\b))"
)
_DO = (
    rf"{_FILL}(?:{_REFRAIN}|(?!(?:look(?:ing)?(?! at)|do(?:ing)? you)\b)"
    rf"{ENGLISH_VERB}{_ONLY_WORDS})"
)
_POLITE = re.compile(
    r"(?:(?:"
    r"(?:can|could|would|will|can't|couldn't|won't|wouldn't) you"
    r"|(?:(?:would|do) you )?mind(?: please)?"
    r"|why (?:don't|do not) (?:you|we)|why not|how about(?: you)?"
    r"|(?:is it|would it be) (?:\w+ )?possible(?: for you)?(?: to|(?= not to\b))|are you able to"
    r"|(?:do you think )?(?:you (?:can|could)|could you)"
    r"|(?:shall|should|can) we"
    r"|would you be (?:so )?(?:kind|able)(?: enough)?(?: as)? to"
    r"|(?:may|can|could|might) (?:i|we) \w+ (?:you )?to"
    r"|(?:is there )?(?:any|a) (?:chance|way|possibility) (?:that )?you (?:can|could|would)"
    r"|i was wondering (?:if|whether) you could"
    r"|would it be (?:\w+ )?(?:if i asked you to|for you to|to ask you to|if you)"
    r"|isn't it (?:about |high )?time(?: that)? (?:you|we)"
    r"|will you|have you time to|could (?:somebody|someone)"
    rf") {_DO}"
    r"|(?:can|could|may) (?:i|we) (?:please )?(?:have|get)\b(?! (?:some )?(?:information|answers?))"
    r")"
)
_TELLING = re.compile(
    r"(?:tell|say|describe|list|name|count|explain|find|locate|identify|point|guess|answer|report|"
    r"infer|deduce|show|highlight|mark|check|let me know|give (?:me )?(?:the|a|an) (?:\w+ )?"
    r"(?:number|count|list|description|overview|reason|colou?r|material|shape|position)|"
    r"i (?:wonder|want to know|would like to know|'d like to know))\b"
    rf"(?!.*\b(?:and|then)\s+(?:please |then )?{ENGLISH_VERB})"
)
_TAG = re.compile(
    r",\s*(?:(?:wi|wo|ca|cou)[\w']+ you(?: not)?(?: please)?|ok|okay|please|right)\s*\?$"
)
_COULD_YOU = re.compile(rf".*\bif you (?:can|could|would) {_DO}")

_ZH_QUESTION = re.compile(
    "吗|呢[？?]|(?<!没)(?<!没有)什么(?!都)|哪|谁(?!都|也|说[^，。？?]*[不别])|几[个把张盏台只瓶本]|多少|怎么|怎样|为何|为什么|是不是|有没有|是否|还是|"
    "多[高长宽大远重]|(?P<same>[开关亮在满空])没(?P=same)|[？?]$"
)
_ZH_ANYWAY = re.compile(
    # "随便你动什么", "想拿哪个拿哪个" leave open what it is
    "(?:随便|随意|任由|任|随)(?:你|您)?[^，,。？?]{0,4}?(?:什么|哪[个里些]?|怎么|谁)(?=[^？?]*$)|"
    "(?P<which>什么|哪[个里些]|怎么|谁)[^，,。？?]{0,6}?(?P=which)(?=[^？?吗]*$)|"
    "(?:什么|哪[个里儿些]?|怎么|谁)[^，,。？?]{0,4}?都(?:行|可以|好|成|没关系|无所谓)|"
    "(?:不管|不论|无论)(?:[^，,。？?]{0,12}[，,]|怎样|怎么样|怎么|如何|什么|谁|哪里|哪个|何时)?"
)
_ZH_ASKED = re.compile(
    "^(?:请问|不好意思|你好|您好|嗨|嘿|那么?|机器人|麻烦|现在|好的?|那|请|，|,|\\s)*"
    "(?:你|您)?(?:现在|是否|也|还)?"
    "(?:可不可以|可以|可否|能不能|能否|能|愿不愿意|愿意|要不要|介意|会不会|会|麻烦|帮)"
    "(?:(?:请|你|您)*(?:不要|不去|不再|别|勿)|"
    "(?:请|麻烦|帮忙|帮我|帮|给我|替我|为我|我|你|您|先|再|快|去|来|过去|过来|"
    "把[^，。？]{1,20}?|将[^，。？]{1,20}?)*"
    f"(?!看(?!着)|看见|看到)(?:{CHINESE_VERB}|来[一两]?[杯份壶碗]))"
)
_ZH_TAG = re.compile(
    "(?:好吗|好不好|可以吗|可不可以|行吗|行不行|好嘛|如何|怎么样|好么)[？?。！\\s]*$"
)
_ZH_CLAUSE = re.compile(f"^(?:请|麻烦|帮我|帮忙|你|您|快|先|去|来|\\s)*(?:把|将|{CHINESE_VERB})")
_ZH_REFRAIN = re.compile(f"(?:(?<!要)不要|别|勿|不准|不许)[^，。]{{0,8}}?{CHINESE_VERB}")
_ZH_SUGGESTED = re.compile(
    f"何不|(?:为什么|为何|怎么)不(?:帮|给|去|来|替|把|将)我?.{{0,12}}?{CHINESE_VERB}"
)
_ZH_TELLING = re.compile(
    "^(?:请|麻烦|帮我|帮忙|你|您|能|可以|\\s)*(?:告诉|说明|说说|描述|介绍|列出|数一数|数数|解释|找出|找到|"
    "指出|标出|定位|检查|确认|看看|说出|判断|推测|推断|猜)"
    f"(?!.*(?:然后|再|并|之后|就).{{0,4}}{CHINESE_VERB})"
)


def asks_for_action(text: str) -> bool:
    """True where something is to be done; False for what only asks or wants to be told.

    Args:
        text: English, Chinese, or both; without what it forbids (see `prohibitions`).
    """
    plain = simplified(text.lower()).replace("’", "'")
    plain = re.sub(r"<obj>.*?</obj>", " ", plain)
    return any(_acts(sentence[0].strip()) for sentence in _SENTENCE.finditer(plain))


def _acts(sentence: str) -> bool:
    if not re.search(r"\w", sentence):
        return False
    if re.search("[\u3400-\u9fff]", sentence):
        return _acts_chinese(sentence)
    sentence = _OPENING.sub("", sentence)
    if _POLITE.match(sentence) or _COULD_YOU.match(sentence):
        return True
    if re.search(r"\b(?:could|can|would|will) you (?:please )?$", sentence):
        return False
    if re.match(r"don't you\b", sentence) and not sentence.endswith("?"):
        return True  # "don't you dare"
    # "the lamp, can you turn it off?"
    if re.search(rf",\s*(?:can|could|would|will) you {_DO}", sentence):
        return True
    asks = sentence.rstrip().endswith("?") or (
        _INTERROGATIVE.match(sentence) and not _NOT_INVERTED.match(sentence)
    )
    if asks:
        # "turn it off, will you?", "bring me the mug, ok?"
        return bool(_TAG.search(sentence) and not _INTERROGATIVE.match(sentence))
    return not _TELLING.match(sentence)


def _acts_chinese(sentence: str) -> bool:
    sentence = _ZH_ANYWAY.sub("", sentence)
    if _ZH_TELLING.match(sentence):
        return False
    if not _ZH_QUESTION.search(sentence) and not _ZH_TAG.search(sentence):
        return True
    if _ZH_ASKED.match(sentence) or _ZH_SUGGESTED.search(sentence):
        return True
    # "不知道有没有牛奶，打开看看": what is asked for comes behind the comma
    *_, last = re.split("[，,]", sentence.rstrip("。.！!"))
    if last != sentence and _ZH_CLAUSE.match(last) and not _ZH_QUESTION.search(last):
        return True
    tag = _ZH_TAG.search(sentence)
    if tag is not None and _ZH_REFRAIN.search(sentence):
        return True  # "花瓶就别动了，行吗？"
    return tag is not None and any(map(_ZH_CLAUSE.match, re.split("[，,]", sentence)))
