"""Wordings of later turns: what was spoken of before is "it", "they", "the other one"."""

from __future__ import annotations

from r1_training.synthetic.language.forms.patterns import Forms

_P = "[|And |Okay, |Thanks, |Good, |Also, |Then, ]"
_Z = "[|那|那麼|好的，|謝謝，|嗯，|還有，]"
_ASK = "[|Please |Can you |Could you |Okay, |Then |Good, please |Now ]"
_ASK_Z = "[|請|幫我|請幫我|那就|那請你|好，|麻煩你]"

FORMS: dict[str, dict[str, Forms]] = {
    "en": {
        "colour": Forms(
            _P + "[what colour is it|what is its colour|which colour is it]?",
            "[And its colour|In what colour|What about its colour]?",
        ),
        "material": Forms(_P + "[what is it made of|what material is it]?"),
        "state": Forms(
            _P + "is it {s}[?| now?| right now?]",
            _P + "is it {s} or {t}?",
            "[Can you|Could you] check [if|whether] it is {s}?",
        ),
        "location": Forms(
            _P + "where is it[?| exactly?]",
            "[Where does it stand|Where can I find it|And its place]?",
        ),
        "on_it": Forms(_P + "[what is on it|what stands on it|is anything on it]?"),
        "more": Forms(
            _P + "[is there another one|are there more of them|is it the only one]?",
        ),
        "other_colour": Forms(
            _P + "[what colour is the other one|what colour is the other|and the other one]?",
        ),
        "other_location": Forms(_P + "where is the other one[?| then?| exactly?]"),
        "other_state": Forms(
            _P + "is the other one {s}[?| now?| right now?]",
        ),
        "find_other": Forms(
            _P + "[show me|find|mark|point out|highlight] the other one[.|, please.]",
        ),
        "they_colour": Forms(
            _P + "[what colour are they|which colour are they|what is their colour]?",
        ),
        "they_count": Forms(
            _P + "how many of them are {c}?",
            _P + "[and how many are {c}|how many {c} ones are there]?",
        ),
        "they_find": Forms(
            _P + "[show me|find|mark|point out|highlight] the {c} one[.|, please.]",
            _P + "[which one is|where do you see] the {c} one?",
        ),
        "they_side": Forms(
            _P + "[show me|find|mark|point out] the one on the [far |]{side}[.|, please.]",
            _P + "[show me|find|mark|point out] the {side}most one[.|, please.]",
        ),
        "turn_on": Forms(
            _ASK + "[turn it on|switch it on|turn that on][.|, please.| for me.]",
        ),
        "turn_off": Forms(
            _ASK + "[turn it off|switch it off|turn that off][.|, please.| for me.]",
        ),
        "open": Forms(_ASK + "open it[.| for me.| now.]"),
        "close": Forms(_ASK + "[close it|shut it][.| for me.| now.]"),
        "fetch": Forms(_ASK + "[get it|bring it to me|fetch it|pick it up|take it][.| now.]"),
        "put": Forms(
            _ASK + "[put it|place it] {p}[.| for me.]",
            _ASK + "[bring it to|move it to|take it to] {y}[.| for me.]",
        ),
        "make": Forms(_ASK + "[make it|tidy it][.| for me.| now.]"),
    },
    "zh": {
        "colour": Forms(
            _Z + "它是什麼顏色的？",
            _Z + "它[是什麼顏色|的顏色是什麼|是哪種顏色的]？",
        ),
        "material": Forms(_Z + "它是[什麼做的|什麼材質的|用什麼做的]？"),
        "state": Forms(
            _Z + "它是{s}的嗎？",
            _Z + "它是{s}的還是{t}的？",
            _Z + "它[現在|目前]是{s}的嗎？",
            _Z + "它是不是{s}的？",
        ),
        "location": Forms(_Z + "它在[哪裡|哪|什麼地方]？", _Z + "它放在[哪裡|什麼地方]？"),
        "on_it": Forms(_Z + "它上面[有什麼|有什麼東西|放了什麼]？"),
        "more": Forms(_Z + "還有[別的嗎|其他的嗎|另外的嗎]？", _Z + "只有[這一個|它一個]嗎？"),
        "other_colour": Forms(
            _Z + "另一{cl}[是什麼顏色的|是什麼顏色|的顏色是什麼|呢，是什麼顏色的]？",
        ),
        "other_location": Forms(_Z + "另一{cl}在[哪裡|哪|什麼地方]？"),
        "other_state": Forms(_Z + "另一{cl}[是不是{s}的|是{s}的嗎|現在是{s}的嗎]？"),
        "find_other": Forms(
            _ASK_Z + "[找出|標出|指出|圈出|找到]另一{cl}。",
        ),
        "they_colour": Forms(_Z + "它們[是什麼顏色的|都是什麼顏色的|是什麼顏色]？"),
        "they_count": Forms(
            _Z + "其中[有幾{cl}|幾{cl}|有多少{cl}]是{c}的？",
            _Z + "{c}的有[幾{cl}|多少{cl}]？",
        ),
        "they_find": Forms(_ASK_Z + "[找出|標出|指出|圈出|找到]{c}的那{cl}。"),
        "they_side": Forms(_ASK_Z + "[找出|標出|指出|圈出|找到]最{side}邊的那{cl}。"),
        "turn_on": Forms(_ASK_Z + "把它[打開|開起來|開啟]。", _ASK_Z + "[打開|開啟]它。"),
        "turn_off": Forms(_ASK_Z + "把它[關掉|關上|關閉]。", _ASK_Z + "[關掉|關閉]它。"),
        "open": Forms(_ASK_Z + "把它[打開|開啟]。", _ASK_Z + "[打開|開啟]它。"),
        "close": Forms(_ASK_Z + "把它[關上|關好|關起來]。", _ASK_Z + "[關上|關好]它。"),
        "fetch": Forms(_ASK_Z + "把它[拿過來|拿給我|拿起來|取來]。", _ASK_Z + "[拿|取]它過來。"),
        "put": Forms(_ASK_Z + "把它[放到|放在|移到|拿到]{p}。"),
        "make": Forms(_ASK_Z + "把它[整理好|鋪好|收拾好]。"),
    },
}  # fmt: skip

# what is said before the steps
PROMISES: dict[str, dict[str, str]] = {
    "en": {
        "turn_on": "okay, I will turn on the {x}.",
        "turn_off": "okay, I will turn off the {x}.",
        "open": "okay, I will open the {x}.",
        "close": "okay, I will close the {x}.",
        "fetch": "okay, I will get the {x}.",
        "put": "okay, I will put the {x} {p}.",
        "make": "okay, I will make the {x}.",
    },
    "zh": {
        "turn_on": "好的，我會把{x}打開。",
        "turn_off": "好的，我會把{x}關掉。",
        "open": "好的，我會把{x}打開。",
        "close": "好的，我會把{x}關上。",
        "fetch": "好的，我會把{x}拿過來。",
        "put": "好的，我會把{x}放到{p}。",
        "make": "好的，我會把{x}整理好。",
    },
}
ONLY: dict[str, dict[str, str]] = {
    "en": {"only": "no, there is only one {x}.", "more": "yes, there are {n} in total."},
    "zh": {"only": "沒有，只有一{cl}{x}。", "more": "有，一共有{n}。"},
}
