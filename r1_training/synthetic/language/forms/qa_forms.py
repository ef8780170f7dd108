"""Wordings of questions with a short answer. Slots: see `qa`."""

from __future__ import annotations

from r1_training.synthetic.language.forms.patterns import Forms

_ASK_EN = "[|Tell me: |Question: |Excuse me, |Please tell me: |I wonder, |Hey, |Quick question: ]"
_ASK_ZH = "[|請問|請問一下，|請告訴我，|我想知道，|麻煩看一下，|你好，請問|問一下，]"
_KNOW_EN = (
    "[Tell me|Please tell me|Can you tell me|Could you tell me|Do you know|I want to know"
    "|I would like to know|Can you say]"
)

FORMS: dict[str, dict[str, Forms]] = {
    "en": {
        "count": Forms(
            _ASK_EN + "how many {xs} are there{at}?",
            "How many {xs} [can you see|do you see|can I find|can be seen|are present]{at}?",
            "[|Please |Can you |Could you ]count [the|all the|all] {xs}{at}[.| for me.]",
            _KNOW_EN + " how many {xs} there are{at}.",
            "[What is|What's|Give me|Tell me] the [number|total number|count] of {xs}{at}[?|.]",
            "[How many {xs}{at}?|{xs}{at}: how many?]",
        ),
        "count_around": Forms(
            _ASK_EN + "how many {xs} [are|stand|are there|are standing|are placed] {at}?",
            _KNOW_EN + " how many {xs} [are|stand|there are] {at}.",
            "[|Please ]count the {xs} {at}.",
        ),
        "colour": Forms(
            _ASK_EN + "[what colour is|what color is|which colour is|which color is] {x}?",
            "[What is|What's] the [colour|color] of {x}?",
            _KNOW_EN + " [what colour {x} is.|the colour of {x}.|which colour {x} has.]",
            "{x}: [what colour is it?|which colour?|what is its colour?]",
            "[Name|Give|State] the colour of {x}.",
            "[Of what colour|In what colour|In which colour] is {x}?",
        ),
        "colour_all": Forms(
            _ASK_EN + "[what colour are|what color are|which colour are] the {xs}?",
            "What is the colour of the {xs}?",
            _KNOW_EN + " what colour the {xs} are.",
        ),
        "colour_yesno": Forms(
            _ASK_EN + "is {x} {c}?",
            "[Would you say|Is it true|Is it right] that {x} is {c}?",
            "Is [the colour|the color] of {x} {c}?",
        ),
        "colour_or": Forms(
            _ASK_EN + "is {x} {c} or {d}?",
            "[Which colour is {x}|What colour is {x}], {c} or {d}?",
        ),
        "material": Forms(
            _ASK_EN + "[what is {x} made of|what is {x} made out of|what material is {x}]?",
            "[What|Which] material is {x} made [of|from]?",
            _KNOW_EN + " what {x} is made of.",
            "[What is|Name] the material of {x}[?|, please.]",
        ),
        "shape": Forms(
            _ASK_EN + "[what shape is|which shape is|of what shape is] {x}?",
            "[What is|Name] the shape of {x}[?|, please.]",
            "What shape [is|has] {x}[, please|]?",
        ),
        "state_yesno": Forms(
            _ASK_EN + "is {x} {s}?",
            "[Can you check|Could you check|Please check] [whether|if] {x} is {s}.",
            _KNOW_EN + " [whether|if] {x} is {s}.",
            "Is {x} {s} [right now|now|at the moment]?",
            "[Check|Look]: is {x} {s}?",
            "[Did someone leave {x} {s}?|Has {x} been left {s}?]",
        ),
        "state_or": Forms(
            _ASK_EN + "is {x} {s} or {t}?",
            _KNOW_EN + " [whether|if] {x} is {s} or {t}.",
            "Is {x} {s} or {t} [now|right now|at the moment]?",
            "[What state is {x} in|In what state is {x}]: {s} or {t}?",
        ),
        "location": Forms(
            _ASK_EN + "where is {x}?",
            "[Where can I find|Where do I find|Where can you see] {x}?",
            _KNOW_EN + " where {x} is.",
            "Where [does|did] {x} stand?",
            "[On what|In what place] is {x}?",
            "[Where's {x}?|Where did I leave {x}?|I can't find {x}, where is it?]",
        ),
        "support_or": Forms(
            _ASK_EN + "is {x} {p} or {q}?",
            _KNOW_EN + " whether {x} is {p} or {q}.",
            "Where is {x}, {p} or {q}?",
        ),
        "relation_yesno": Forms(
            _ASK_EN + "is {x} {p}[?| or not?]",
            "[Is it true|Is it right|Would you say] that {x} is {p}?",
            _KNOW_EN + " [whether|if] {x} is {p}.",
            "Does {x} [stand|lie|sit] {p}[?| now?| right now?]",
        ),
        "side_or": Forms(
            _ASK_EN + "is {x} {p} or {q} {y}?",
            _KNOW_EN + " whether {x} is {p} or {q} {y}.",
            "On which side of {y} is {x}, {p} or {q} it?",
        ),
        "what": Forms(
            _ASK_EN + "what is {p}?",
            "What [can you see|do you see|can be seen|can I find|stands or lies] {p}?",
            _KNOW_EN + " what is {p}.",
            "[Which|What] [things|objects|items] are {p}?",
            "Is anything {p}, and what?",
            "[What's {p}?|What do we have {p}?]",
        ),
        "beside": Forms(
            _ASK_EN + "what is {p}?",
            "What [stands|can you see|do you see|is right|is there] {p}?",
            _KNOW_EN + " what is {p}.",
            "[What object|What thing] is {p}?",
            "[What's {p}?|What do we have {p}?]",
        ),
        "location_all": Forms(
            _ASK_EN + "where are the {xs}?",
            "Where [can I find|do I find|can you see] the {xs}?",
            _KNOW_EN + " where the {xs} are.",
        ),
        "existence": Forms(
            _ASK_EN + "is there {ax}{at}?",
            "[Can you see|Do you see|Can you spot|Do you have] {ax}{at}?",
            "[Is|Is there] {ax} [to be seen|to be found]{at}?",
            _KNOW_EN + " [whether|if] there is {ax}{at}.",
            "Does this room have {ax}{at}?",
            "[Have we got {ax}{at}?|Any sign of {ax}{at}?]",
        ),
        "compare": Forms(
            _ASK_EN + "which is {more}, {x} or {y}?",
            _ASK_EN + "what is {more}, {x} or {y}?",
            "Which [one|of the two] is {more}: {x} or {y}?",
            "Is {x} or {y} {more}?",
            _KNOW_EN + " which is {more}, {x} or {y}.",
        ),
        "compare_yesno": Forms(
            _ASK_EN + "is {x} {more} than {y}?",
            "[Would you say|Is it true] that {x} is {more} than {y}?",
            _KNOW_EN + " whether {x} is {more} than {y}.",
        ),
        "compare_near": Forms(
            _ASK_EN + "which is closer to {z}, {x} or {y}?",
            "Which [one|of the two] is [closer to|nearer to] {z}: {x} or {y}?",
            "Is {x} or {y} [closer to|nearer to] {z}?",
        ),
        "compare_count": Forms(
            _ASK_EN + "are there more {xs} than {ys}?",
            "[Can you see|Do you see|Do we have] more {xs} than {ys}[| here| in this room]?",
            _KNOW_EN + " whether there are more {xs} than {ys}.",
        ),
        "size": Forms(
            _ASK_EN + "how {tall} is {x}?",
            "[What is|What's|Tell me] the {height} of {x}[?|, please.]",
            _KNOW_EN + " how {tall} {x} is.",
        ),
        "distance": Forms(
            _ASK_EN + "how far is {x} from {y}?",
            _ASK_EN + "how far apart are {x} and {y}?",
            "[What is|What's|Tell me] the distance between {x} and {y}[?|, please.]",
            "How [close|near] is {x} to {y}?",
            _KNOW_EN + " how far {x} is from {y}.",
        ),
        "room": Forms(
            _ASK_EN + "what [kind|type|sort] of room is this?",
            "[What room|Which room|What kind of room] [is this|are we in|am I in|do you see]?",
            "[What is|Name] the type of this room[?|, please.]",
            "[Where are we?|Where am I?|What is this place?]",
        ),
    },
    "zh": {
        "count": Forms(
            _ASK_ZH + "{at}[有幾|一共有幾|總共有幾|共有幾]{cl}{xs}？",
            _ASK_ZH + "{at}有多少{cl}{xs}？",
            "[數一數|請數一數|幫我數一數|數數看|請你數一下]{at}有[幾|多少]{cl}{xs}。",
            "{at}[你看到幾|你能看到幾|看得到幾|可以看到幾|能找到幾]{cl}{xs}？",
            "{at}{xs}的[數量|總數]是多少？",
            "{xs}{at}[有幾|一共有幾|總共有幾]{cl}？",
        ),
        "count_around": Forms(
            _ASK_ZH + "{at}[有幾|一共有幾|總共有幾|擺了幾|放了幾]{cl}{xs}？",
            "[數一數|請數一數|幫我數一數|數數看]{at}有[幾|多少]{cl}{xs}。",
            _ASK_ZH + "{at}有多少{cl}{xs}？",
        ),
        "colour": Forms(
            _ASK_ZH + "{x}是什麼顏色的？",
            _ASK_ZH + "{x}[是什麼顏色|是哪種顏色|是哪一種顏色的|是何種顏色|的顏色是什麼]？",
            "[你看|看一下|幫我看看|請看一下]{x}是什麼顏色[的|]？",
            "{x}呢，[是什麼顏色的|什麼顏色]？",
            "[什麼顏色是|哪種顏色是]{x}的顏色？",
        ),
        "colour_all": Forms(
            _ASK_ZH + "{xs}[都是什麼顏色的|是什麼顏色的|都是什麼顏色]？",
            "[這些|那些]{xs}[都是什麼顏色的|是什麼顏色的|是哪種顏色]？",
        ),
        "colour_yesno": Forms(
            _ASK_ZH + "{x}是{c}的嗎？",
            _ASK_ZH + "{x}是不是{c}的？",
            "{x}的顏色[是{c}嗎|是不是{c}]？",
        ),
        "colour_or": Forms(
            _ASK_ZH + "{x}是{c}的還是{d}的？",
            _ASK_ZH + "{x}[是{c}還是{d}|的顏色是{c}還是{d}]？",
        ),
        "material": Forms(
            _ASK_ZH + "{x}是[什麼做的|用什麼做的|什麼材質的|什麼材料做的|哪種材質]？",
            "{x}的[材質|材料]是[什麼|哪一種]？",
            "[看一下|幫我看看]{x}是什麼[做的|材質]？",
        ),
        "shape": Forms(
            _ASK_ZH + "{x}是什麼形狀的[？|呢？]",
            _ASK_ZH + "{x}[是什麼形狀|的形狀是什麼|是哪種形狀]？",
        ),
        "state_yesno": Forms(
            _ASK_ZH + "{x}是{s}的嗎？",
            _ASK_ZH + "{x}是不是{s}的？",
            "{x}[現在|目前|這時候]是{s}的嗎？",
            "[看一下|幫我看看|請確認|檢查一下]{x}是不是{s}的。",
        ),
        "state_or": Forms(
            _ASK_ZH + "{x}是{s}的還是{t}的？",
            "{x}[現在|目前|此刻]是{s}的還是{t}的？",
            "[看一下|幫我看看|請確認|檢查一下]{x}是{s}的還是{t}的。",
        ),
        "location": Forms(
            _ASK_ZH + "{x}在哪裡？",
            _ASK_ZH + "{x}[在哪|在什麼地方|放在哪裡|放在什麼地方|擺在哪裡]？",
            "[哪裡有|在哪裡可以看到|在哪裡能看到]{x}？",
            "[看一下|幫我看看]{x}在哪裡。",
            "[{x}放哪了？|我找不到{x}，在哪裡？|{x}呢，在哪裡？]",
        ),
        "support_or": Forms(
            _ASK_ZH + "{x}是放在{p}還是{q}？",
            _ASK_ZH + "{x}是在{p}還是在{q}？",
            "{x}[放在|擺在|位於]{p}還是{q}？",
        ),
        "relation_yesno": Forms(
            _ASK_ZH + "{x}在{p}嗎？",
            _ASK_ZH + "{x}是不是在{p}？",
            "{x}[是在|位於|有沒有放在]{p}嗎？",
        ),
        "side_or": Forms(
            _ASK_ZH + "{x}在{y}的{p}還是{q}？",
            _ASK_ZH + "{x}是在{y}的{p}還是在{q}？",
            "{x}[位於|放在|擺在]{y}的{p}還是{q}？",
        ),
        "what": Forms(
            _ASK_ZH + "{p}有什麼？",
            _ASK_ZH + "{p}[有什麼東西|有哪些東西|放了什麼|有些什麼|有哪些物品]？",
            "[你看到|看得到|能看到]{p}有[什麼|什麼東西|哪些東西]？",
        ),
        "beside": Forms(
            _ASK_ZH + "{p}是什麼[？|呢？|東西？]",
            _ASK_ZH + "{p}有什麼？",
            "{p}[是什麼東西|放著什麼|有什麼東西|是哪個東西]？",
        ),
        "location_all": Forms(
            _ASK_ZH + "{xs}在哪裡？",
            "{xs}[都在哪裡|在哪|在什麼地方|放在哪裡|都放在哪]？",
        ),
        "existence": Forms(
            _ASK_ZH + "{at}有{x}[嗎|沒有|的嗎]？",
            _ASK_ZH + "{at}有沒有{x}[？|呢？]",
            "{at}[看得到|能看到|找得到|你看到]{x}嗎？",
            "[看一下|幫我看看|檢查一下]{at}有沒有{x}。",
            "{at}是不是有{ax}？",
        ),
        "compare": Forms(
            _ASK_ZH + "{x}和{y}[哪個|哪一個]{more}？",
            _ASK_ZH + "{x}與{y}相比，[哪個|哪一個]{more}？",
            _ASK_ZH + "是{x}{more}還是{y}{more}？",
            "[哪個|哪一個]{more}，{x}還是{y}？",
        ),
        "compare_yesno": Forms(
            _ASK_ZH + "{x}比{y}{more}嗎？",
            _ASK_ZH + "{x}是不是比{y}{more}？",
            "[跟|和|與]{y}相比，{x}[更|是不是更|有沒有更]{more}[嗎|]？",
        ),
        "compare_near": Forms(
            _ASK_ZH + "{x}和{y}[哪個|哪一個]離{z}[比較近|更近|近一點]？",
            _ASK_ZH + "[哪個|哪一個]離{z}[比較近|更近]，{x}還是{y}？",
        ),
        "compare_count": Forms(
            _ASK_ZH + "{xs}比{ys}多嗎？",
            "{xs}的數量[比{ys}多嗎|是不是比{ys}多|有沒有比{ys}多]？",
            "[這裡|房間裡]{xs}[是不是比{ys}多|比{ys}多嗎]？",
        ),
        "size": Forms(
            _ASK_ZH + "{x}有多{tall}？",
            "{x}[多{tall}|到底多{tall}|的{height}是多少|的{height}有多少]？",
        ),
        "distance": Forms(
            _ASK_ZH + "{x}離{y}有多遠？",
            "{x}離{y}[多遠|到底多遠|幾公尺|的距離是多少]？",
            _ASK_ZH + "{x}和{y}[的距離是多少|相距多遠|隔多遠|之間有多遠]？",
        ),
        "room": Forms(
            _ASK_ZH + "這是什麼房間？",
            _ASK_ZH + "[這裡是|這是|我們在]什麼[樣的房間|房間|類型的房間]？",
            "[這個房間是做什麼用的|這個房間是什麼房間|這間是什麼房間]？",
            "[我們在哪裡？|這是哪裡？|這是什麼地方？]",
        ),
    },
}

# "x" is the subject with its box
ANSWERS: dict[str, dict[str, str]] = {
    "en": {
        "count": "there {are} {n}{at}.",
        "colour": "{x} is {c}.",
        "colour_all": "the {xs} are {c}.",
        "material": "{x} is made of {m}.",
        "shape": "{x} is {s}.",
        "state": "{x} is {s}.",
        "location": "{x} is {p}.",
        "location_all": "the {xs} are {p}.",
        "shut": "{x} is {s}, so I cannot see what is inside.",
        "what": "{things} {are} {p}.",
        "nothing": "there is nothing {p}.",
        "unseen_top": "I have not seen the top of {x}.",
        "exists": "there is {ax}{at}.",
        "missing": "there is no {x}{at}.",
        "compare": "{x} is {more} than {y}.",
        "compare_near": "{x} is closer to {z} than {y}.",
        "compare_count": "there are {n} {xs} and {m} {ys}.",
        "size": "{x} is about {n} {tall}.",
        "distance": "{x} is about {n} from {y}.",
        "room": "this is {r}.",
        "yes": "yes, ",
        "no": "no, ",
    },
    "zh": {
        "count": "{at}有{n}。",
        "count_none": "{at}沒有{x}。",
        "colour": "{x}是{c}的。",
        "colour_all": "{xs}都是{c}的。",
        "material": "{x}是{m}做的。",
        "shape": "{x}是{s}的。",
        "state": "{x}是{s}的。",
        "location": "{x}在{p}。",
        "location_all": "{xs}在{p}。",
        "shut": "{x}是{s}的，看不到裡面有什麼。",
        "support": "{x}是放在{p}的。",
        "what": "{p}有{things}。",
        "nothing": "{p}什麼都沒有。",
        "unseen_top": "我沒看到{x}的上面。",
        "exists": "{at}有{ax}。",
        "missing": "{at}沒有{x}。",
        "compare": "{x}比{y}{more}。",
        "compare_near": "{x}離{z}比{y}近。",
        "compare_count": "有{n}{xs}和{m}{ys}。",
        "size": "{x}大概{n}{tall}。",
        "distance": "{x}離{y}大概{n}。",
        "room": "這是{r}。",
        "yes": "是的，",
        "no": "不是，",
    },
}
