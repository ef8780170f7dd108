"""Wordings of grounding questions. Slots: {x} what is looked for, {that} the same behind 那."""

from __future__ import annotations

from r1_training.synthetic.language.forms.patterns import Forms

_FIND = (
    "[find|locate|point out|show me|highlight|mark|identify|point to|pick out|search for|spot"
    "|single out]"
)
_FIND_ZH = "[找到|找出|指出|標出|圈出|框出|定位|找一下|標示出|找找]"

FORMS: dict[str, dict[str, Forms]] = {
    "en": {
        "one": Forms(
            "[|Please |Robot, |Now |I need you to |Task: |Next, ]" + _FIND + " {x}[.| for me.]",
            "[Can you|Could you|Could you please|Would you|Will you] " + _FIND + " {x}[?| for me?]",
            "{x}[|.]",
            _FIND + " {x} [in this room.|in the room.|in the scene.|here.]",
            "[In this room, |In the scene, |Here, ]" + _FIND + " {x}.",
            "[Give me|I need] the [box|bounding box|position|exact position] of {x}[.|, please.]",
            "[Show me|Mark|Highlight|Point out] where {x} is[.| in the room.]",
            "[Which|So which|Now which] [object|one|thing|item] [|here |in the room ]is {x}?",
            "[I am looking for|I'm looking for|Look for|Help me find] {x}[.|, please.]",
            "[Which one is {x}?|Get me the location of {x}.]",
        ),
        "which": Forms(
            "[|So |Now |Please tell me, |Tell me, |I wonder, ]which {n} is {p}"
            "[?| here?| in this room?]",
            "Which [one of the|of the] {xs} is {p}?",
        ),
        "all": Forms(
            "[|Please |Robot, ]" + _FIND + " [all|all the|every one of the] {xs}[.| in the room.]",
            "[Can you|Could you] " + _FIND + " all {xs}[?| in this room?]",
            "all {xs}[|.]",
        ),
    },
    "zh": {
        "one": Forms(
            "[|請|幫我|請幫我|麻煩你|請你|現在請|麻煩幫我]" + _FIND_ZH + "{x}。",
            "[|請|幫我|請幫我|麻煩你|請你]" + _FIND_ZH + "{that}。",
            "[可以|可以幫我|你能|你可以]" + _FIND_ZH + "{x}嗎？",
            "[能不能|可不可以|能否|能不能幫我]" + _FIND_ZH + "{x}？",
            "{x}[|。]",
            "[房間裡|在房間裡|在這個場景中]" + _FIND_ZH + "{x}。",
            "[把|請把|幫我把]{x}[標出來|圈出來|框出來|找出來|指出來|標示出來]。",
            "[告訴我|請給我]{x}的位置。",
            "[我在找|我要找|我想找到]{x}。",
            "[哪一個是{x}？|{x}在哪？標出來。]",
        ),
        "which": Forms("[|請問|請問一下，|告訴我，|我想知道，]哪[一|]{cl}{n}{p}[？|呢？]"),
        "all": Forms(
            "[|請|幫我|請幫我]" + _FIND_ZH + "[所有的|全部的|所有|每一{cl}]{xs}。",
            "[把|請把|幫我把][所有的|全部的]{xs}[都標出來|都圈出來|都找出來|標出來]。",
            "[所有的|全部的]{xs}",
        ),
    },
}
