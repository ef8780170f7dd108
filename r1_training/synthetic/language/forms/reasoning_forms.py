"""Wordings of questions that need a conclusion, and the conclusions."""

from __future__ import annotations

from r1_training.synthetic.language.forms.patterns import Forms

_Q = "[|Tell me: |What do you think: |In your opinion, |Judging from the scene, ]"
_QZ = "[|請問|你覺得|依你看，|從場景來看，|請你推測一下，|根據你看到的，]"
_WHO = "[someone|somebody|anyone|the owner]"

FORMS: dict[str, dict[str, Forms]] = {
    "en": {
        "activity": Forms(
            _Q + "what was [the owner of this room|the owner|the person who lives here|someone]"
            " [probably|most likely] doing [just now|a moment ago|a short while ago|here]?",
            "What [might|could|may] [the owner|someone|the person here] have been doing "
            "[|here|just now|recently]?",
            "[Guess|Infer|Deduce] what [the owner|someone|the person here] was doing"
            "[.| just now.| a moment ago.]",
            "What [has|had] [probably|most likely] been going on [here|in this room]?",
            "[What is going on here?|What is going on in this room?|What were they doing here?]",
        ),
        "wet": Forms(
            _Q + "why is [the floor wet|there water on the floor|there a puddle on the floor]?",
            "[What happened|What has happened|What probably happened] [here|to the floor|to make "
            "the floor wet]?",
            "[How come|Explain why] [the floor is wet|there is water on the floor"
            "|there is a puddle][?|.]",
            "What [caused|is the cause of|is the reason for|explains] [the puddle|the water on the "
            "floor|the wet floor]?",
        ),
        "slept": Forms(
            _Q + "has " + _WHO + " [slept|been lying|been sleeping] in [the bed|it, the bed,|this "
            "bed] [recently|just now]?",
            "Did " + _WHO + " [probably sleep|likely sleep|recently sleep] in the bed?",
            "Do you think " + _WHO + " [probably slept|has just slept] in the bed?",
            "[Is the bed slept in?|Has the bed been used?|Did anybody sleep here?]",
        ),
        "tv": Forms(
            _Q + "is " + _WHO + " [probably|likely|still] watching [TV|television]?",
            "[Was|Is] " + _WHO + " watching TV [just now|a moment ago|recently]?",
            "Do you think " + _WHO + " is [still|probably] watching TV?",
            "[Is the TV being watched?|Anybody watching TV?]",
        ),
        "work": Forms(
            _Q + "is " + _WHO + " [probably|likely|still] [working|working at the computer|using "
            "the computer]?",
            "[Was|Is] " + _WHO + " [working|at the computer] [just now|a moment ago|recently]?",
            "Do you think " + _WHO + " is [still|probably] [working|at work] here?",
            "[Is somebody at work here?|Is the computer in use?]",
        ),
        "cook": Forms(
            _Q + "is " + _WHO + " [probably|likely|still] [cooking|preparing a meal]?",
            "[Is|Was] " + _WHO + " cooking [just now|a moment ago|recently]?",
            "[Is somebody cooking?|Is anyone cooking something?]",
        ),
        "look_in": Forms(
            _Q + "could [someone|somebody|a neighbour] [probably|likely] [look|see] in through "
            "the window?",
            "[Can|Could] [someone|somebody|neighbours] [probably|likely] [look in|see into the "
            "room] from outside?",
            "[Can people see in from outside?|Can the neighbours see us?|"
            "Can anyone see me from outside?]",
        ),
        "rain": Forms(
            _Q + "will it [probably|likely] [rain in|get cold in here] if the weather is bad?",
            "Is it [likely|probable] that [rain comes in|it gets cold in here] through the window?",
            "[Will it rain in?|Can the rain come in?]",
        ),
        "seats": Forms(
            _Q + "how many people can [probably|likely] [sit|eat] at {x}?",
            "For how many people [is|was] {x} [probably|likely] [meant|set up]?",
            "How many guests can [probably|most likely] [sit|be seated|eat] at {x}?",
            "[How many people fit around {x}?|How many people can sit at {x}?|"
            "How many of us can eat at {x}?]",
        ),
        "safe": Forms(
            _Q + "[is it probably safe|is it likely safe|would it likely be fine] to leave "
            "[now|the house|the room]?",
            "[Can|May] [I|we|one] [probably|likely] leave [the room|the house|now]?",
            "Do you think [I|we|one] can [probably|likely] leave [the room|the house|now]?",
            "[Is it safe to leave?|Can I go out now?|Can we leave the house like this?|"
            "Is everything off and closed?]",
        ),
        "trip": Forms(
            _Q + "[could|might|can] [someone|somebody|a child|a robot] [probably|likely] "
            "[trip|stumble] [here|over something]?",
            "What could someone [probably|likely] [trip|stumble|fall] over?",
            "[Is there anything to trip over?|Could I trip over something?|"
            "Is anything lying in the way?|Can I trip in here?]",
        ),
    },
    "zh": {
        "activity": Forms(
            _QZ + "[這個房間的主人|房間的主人|主人|住在這裡的人]可能剛剛在做什麼？",
            _QZ + "[主人|這裡的人|有人]剛才[可能在做什麼|大概在做什麼|應該在做什麼]？",
            "[推測|猜猜|推斷|猜測]一下[主人|房間的主人|這裡的人][剛剛|剛才|不久前]在做什麼。",
            "[這裡|這個房間][剛剛|剛才|不久前]可能[在進行什麼事|有人在做什麼]？",
            "[這裡的人在做什麼？|剛剛這裡有人在做什麼？]",
        ),
        "wet": Forms(
            _QZ + "[地上|地板上|地面上]為什麼[有水|會有水|有積水|是濕的]？",
            _QZ + "為什麼[地板|地面|地上][是濕的|有水|濕了]？",
            "[這裡|地上|房間裡][發生了什麼事|可能發生了什麼事|怎麼回事]？",
            "[地上的水|地上的積水][是怎麼來的|可能是怎麼來的|是怎麼回事|是什麼原因造成的]？",
        ),
        "slept": Forms(
            _QZ + "[剛剛|剛才|不久前]有人[睡過|躺過]這張床嗎？",
            _QZ + "這張床[可能有人睡過嗎|是不是可能有人睡過|最近可能有人躺過嗎]？",
            "[推測|判斷|猜猜]一下[剛剛|剛才|最近]有沒有人睡過這張床。",
            "[有人睡過這張床嗎？|床有人睡過嗎？]",
        ),
        "tv": Forms(
            _QZ + "[剛剛|剛才|現在]可能有人在看電視嗎？",
            _QZ + "有人[可能在看電視嗎|剛剛在看電視嗎|剛才在看電視嗎|大概在看電視嗎]？",
            "[推測|判斷|猜猜]一下[剛剛|剛才|現在]有沒有人在看電視。",
            "[有人在看電視嗎？|電視有人在看嗎？]",
        ),
        "work": Forms(
            _QZ + "[剛剛|剛才|現在]可能有人在[工作|用電腦|電腦前工作]嗎？",
            _QZ + "有人[可能在工作嗎|剛剛在用電腦嗎|剛才在工作嗎|大概在用電腦嗎]？",
            "[有人在工作嗎？|電腦有人在用嗎？]",
        ),
        "cook": Forms(
            _QZ + "[剛剛|剛才|現在]可能有人在[做飯|煮飯|煮東西]嗎？",
            _QZ + "有人[可能在做飯嗎|剛剛在做飯嗎|大概在煮東西嗎]？",
            "[有人在做飯嗎？|有人在煮東西嗎？]",
        ),
        "look_in": Forms(
            _QZ + "[外面的人|鄰居|路人]可能[看得到房間裡面|看見屋內|從窗戶看進來]嗎？",
            "[推測|判斷]一下[外面的人|鄰居]能不能[看見屋內|從窗戶看進來]。",
            "[外面看得到裡面嗎？|鄰居看得到我們嗎？|從外面看得到我嗎？]",
        ),
        "rain": Forms(
            _QZ + "[雨水|冷空氣]可能從窗戶[進來|跑進來]嗎？",
            "[推測|判斷]一下下雨時雨水會不會[進來|打進來]。",
            "[下雨會打進來嗎？|雨會進來嗎？]",
        ),
        "seats": Forms(
            _QZ + "{x}[可能可以坐幾個人|大概可以坐幾個人|大概能坐幾個人]？",
            "[推測|判斷|猜猜]一下{x}[可以坐幾個人|能坐幾個人|夠幾個人用餐]。",
            "[{x}坐得下幾個人？|幾個人可以坐在{x}旁邊？]",
        ),
        "safe": Forms(
            _QZ + "現在[出門|離開|外出][可能安全嗎|可能沒問題嗎|大概可以嗎]？",
            "[判斷|推測]一下現在能不能[放心出門|放心離開]。",
        ),
        "trip": Forms(
            _QZ + "[有人|小孩|機器人]可能[在這裡絆倒|被東西絆倒|踩到東西]嗎？",
            "[推測|判斷]一下[有人|小孩|機器人]可能會被什麼絆倒。",
            "[這裡會不會絆倒？|這裡會絆倒人嗎？|我會被什麼東西絆倒嗎？|路上有東西擋著嗎？]",
        ),
    },
}  # fmt: skip

# cause -> (conclusion, words that it must hold)
ANSWERS: dict[str, dict[str, tuple[str, tuple[str, ...]]]] = {
    "en": {
        "reading_in_bed": (
            "the owner was probably reading in bed and left a short while ago, because the bed is "
            "messy, a book is open and the {lamp} is still on.",
            ("reading", "bed"),
        ),
        "watching_tv": (
            "someone was probably watching TV a short while ago, because the TV is still on.",
            ("watching tv",),
        ),
        "working": (
            "someone was probably working at the computer a short while ago, because the {x} is "
            "still on.",
            ("working",),
        ),
        "cooking": ("someone is probably cooking, because the stove is on.", ("cooking",)),
        "got_up": (
            "someone probably got up a short while ago, because the bed is messy.",
            ("got up",),
        ),
        "reading": ("someone was probably reading, because a book is open.", ("reading",)),
        "nothing": (
            "probably nobody has been here for a while, because everything is switched off.",
            ("nobody",),
        ),
        "spilt": (
            "someone probably knocked over the {x}, because it lies tipped over in the puddle.",
            ("knocked over the {x}",),
        ),
        "slept": ("yes, probably, because the bed is messy.", ("yes", "messy")),
        "not slept": ("probably not, because the bed is made.", ("probably not", "made")),
        "tv": ("yes, probably, because the TV is on.", ("yes", "is on")),
        "not tv": ("probably not, because the TV is off.", ("probably not", "off")),
        "work": ("yes, probably, because the {x} is on.", ("yes", "is on")),
        "not work": ("probably not, because the {x} is off.", ("probably not", "off")),
        "cook": ("yes, probably, because the stove is on.", ("yes", "is on")),
        "not cook": ("probably not, because the stove is off.", ("probably not", "off")),
        "look_in": ("yes, because the curtain is open.", ("yes", "open")),
        "not look_in": ("no, because the curtain is closed.", ("no,", "closed")),
        "rain": ("yes, because the window is open.", ("yes", "open")),
        "not rain": ("no, because the window is closed.", ("no,", "closed")),
        "seats": (
            "{n} can sit at the {x}, because there {are} {chairs} around it.",
            ("{n}",),
        ),
        "unsafe": ("not yet, because {things} {are} still on or open.", ("not yet",)),
        "safe": ("yes, because everything is off and closed.", ("yes", "off and closed")),
        "trip": ("yes, over {things} on the floor.", ("yes", "floor")),
        "not trip": ("probably not, because nothing lies on the floor.", ("not", "nothing")),
    },
    "zh": {
        "reading_in_bed": (
            "主人可能剛剛在床上看書，不久前才離開，因為床很凌亂，書翻開著，{lamp}也還亮著。",
            ("床上看書",),
        ),
        "watching_tv": ("剛才可能有人在看電視，因為電視還開著。", ("看電視",)),
        "working": ("剛才可能有人在用電腦工作，因為{x}還開著。", ("工作",)),
        "cooking": ("可能有人正在做飯，因為{x}開著。", ("做飯",)),
        "got_up": ("可能有人不久前才起床，因為床很凌亂。", ("起床",)),
        "reading": ("剛才可能有人在看書，因為有一本書翻開著。", ("看書",)),
        "nothing": ("可能已經有一段時間沒有人在這裡，因為電器都關著。", ("沒有人",)),
        "spilt": ("可能有人打翻了{x}，因為它倒在積水裡。", ("打翻了{x}",)),
        "slept": ("是的，可能有人睡過，因為床很凌亂。", ("是的", "凌亂")),
        "not slept": ("可能沒有，因為床很整齊。", ("沒有", "整齊")),
        "tv": ("是的，很可能，因為電視開著。", ("是的", "開著")),
        "not tv": ("可能沒有，因為電視關著。", ("沒有", "關著")),
        "work": ("是的，很可能，因為{x}開著。", ("是的", "開著")),
        "not work": ("可能沒有，因為{x}關著。", ("沒有", "關著")),
        "cook": ("是的，很可能，因為{x}開著。", ("是的", "開著")),
        "not cook": ("可能沒有，因為{x}關著。", ("沒有", "關著")),
        "look_in": ("看得到，因為窗簾拉開著。", ("看得到", "拉開")),
        "not look_in": ("看不到，因為窗簾拉上了。", ("看不到", "拉上")),
        "rain": ("會，因為窗戶開著。", ("會，", "開著")),
        "not rain": ("不會，因為窗戶關著。", ("不會", "關著")),
        "seats": ("{x}可以坐{n}，因為周圍有{chairs}。", ("坐{n}",)),
        "unsafe": ("還不行，因為{things}還開著。", ("還不行",)),
        "safe": ("可以，因為電器都關了，窗戶也關好了。", ("可以",)),
        "trip": ("會，可能會被地上的{things}絆倒。", ("會，", "絆倒")),
        "not trip": ("應該不會，因為地上沒有東西。", ("不會", "沒有")),
    },
}
