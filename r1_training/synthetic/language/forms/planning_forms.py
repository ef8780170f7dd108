"""Wordings of requests. Slots: {x} the thing, {y} a place, {p} on or in a place, {xs} plural."""

from __future__ import annotations

from r1_training.synthetic.language.forms.patterns import Forms

_P = "[|Please |Can you |Could you |Could you please |I need you to |Robot, please |Would you ]"
_E = "[.| for me.| now.]"
_Z = "[|請|幫我|請幫我|麻煩你|請你|可以幫我|能不能幫我]"

FORMS: dict[str, dict[str, Forms]] = {
    "en": {
        "on": Forms(
            _P + "[turn on|switch on|power on] {x}" + _E,
            _P + "[turn|switch] {x} on" + _E,
            "{x} [should be|needs to be|must be] [on|turned on|switched on][.|, please.]",
            "[I want|I would like|I need] {x} [on|turned on][.|, please.]",
            "[Make sure|See to it|Ensure] that {x} is on.",
            "[{x} on, please.|I need {x}, switch it on.]",
            "[If {x} is off, turn it on.|Is {x} off? Then switch it on.]",
        ),
        "off": Forms(
            _P + "[turn off|switch off|power off|shut off] {x}" + _E,
            _P + "[turn|switch] {x} off" + _E,
            "{x} [should be|needs to be|must be] [off|turned off|switched off][.|, please.]",
            "[I want|I would like|I need] {x} [off|turned off][.|, please.]",
            "[Make sure|See to it|Ensure] that {x} is off.",
            "[{x} off, please.|Nobody needs {x}, switch it off.]",
            "[If {x} is on, turn it off.|Is {x} on? Then switch it off.]",
        ),
        "open": Forms(
            _P + "open {x}" + _E,
            "{x} [should be|needs to be|must be] [open|opened][.|, please.]",
            "[I want|I would like|I need] {x} open[.|, please.]",
            "[Make sure|See to it|Ensure] that {x} is open.",
            "[If {x} is closed, open it.|Why don't you open {x}?]",
        ),
        "close": Forms(
            _P + "[close|shut] {x}" + _E,
            "{x} [should be|needs to be|must be] [closed|shut][.|, please.]",
            "[I want|I would like|I need] {x} closed[.|, please.]",
            "[Make sure|See to it|Ensure] that {x} is closed.",
            "[If {x} is open, close it.|Why don't you close {x}?]",
        ),
        "put": Forms(
            _P + "[put|place|set down|store] {x} {p}" + _E,
            _P + "[pick up|take|grab] {x} and [put|place] it {p}.",
            "{x} [should go|has to go|needs to go|belongs] {p}[.|, please.]",
            _P + "[bring|carry|move|take] {x} to {y}" + _E,
        ),
        "throw": Forms(
            _P + "[throw away|dispose of|get rid of|throw out] {x}" + _E,
            _P + "[put|throw|drop] {x} {p}" + _E,
        ),
        "fetch": Forms(
            _P + "[fetch|get|grab|pick up|take|bring me|get me|hand me] {x}[.| now.]",
            "[I need|I want|I would like] {x}[.|, please.| in your hand.]",
            _P + "[go and|go to] get {x}.",
            "[Bring {x} here.|I'm looking for {x}, bring it to me.]",
        ),
        "fetch_from": Forms(
            _P + "[go to|drive to|move to] {y} and [get|pick up|take|fetch|grab] {x}" + _E,
            _P + "[take|get|grab|remove|fetch] {x} from {y}" + _E,
        ),
        "go": Forms(
            _P + "[go|drive|move|walk|navigate] to {x}" + _E,
            _P + "[go|drive|move|walk] [over to|next to|up to|near] {x}" + _E,
            "[I want you|I need you] [at|beside|next to] {x}[.|, please.| now.]",
            "[Head to {x}.|Come to {x}.|Over to {x}, please.]",
        ),
        "bed": Forms(
            _P + "[make|tidy|straighten] {x}" + _E,
            "{x} [should be|needs to be|must be] [made|tidy][.|, please.]",
            _P + "make sure {x} is made.",
        ),
        "push": Forms(
            _P + "[push|move] the {xs} [back to|in at|to|back under] {y}" + _E,
            _P + "[push in|tidy up|arrange|straighten] the {xs} [at|around] {y}" + _E,
            "The {xs} [should be|need to be] pushed in at {y}.",
        ),
        "wipe": Forms(
            _P + "[wipe|clean|wipe down|wipe off] {x}" + _E,
            "{x} [needs to be|should be|must be] [wiped|cleaned|clean][.|, please.]",
            "[{x} is dirty.|{x} is dirty, do something about it.]",
        ),
        "under": Forms(
            _P + "[clean|sweep|vacuum|mop] [under|the floor under|underneath] {x}" + _E,
            "The floor under {x} [needs to be|should be|must be] [cleaned|swept][.|, please.]",
        ),
        "spill": Forms(
            _P + "[clean up|mop up|remove|wipe up|take care of] [the puddle|the spill|the water on "
            "the floor|the mess on the floor]" + _E,
            "[The floor is wet, clean it up|There is water on the floor, take care of it|Somebody "
            "spilt something, clean it up][.| please.]",
            "[Somebody spilt water on the floor.|Watch out, the floor is wet, please help.]",
        ),
        "books": Forms(
            _P + "[put|move] the [books|books that lie|books lying] on the floor {p}"
            + _E,
            _P + "[pick up|collect] the books from the floor and put them {p}.",
        ),
        "lights_on": Forms(
            _P + "[turn on|switch on] [all the lamps|all lamps|the lights|all lights]" + _E,
            "It is [dark|too dark|very dark|rather dark] in here[.|, make some light.]",
            "[Make some light|Light up the room|I need more light|I want it brighter]"
            "[.|, please.| in here.]",
            "[I can't see anything in here.|It's dark, can you help?]",
        ),
        "lights_off": Forms(
            _P + "[turn off|switch off] [all the lamps|all lamps|the lights|all lights]" + _E,
            "[Make it dark|Lights out|All lamps should be off|I want it dark][.|, please.]",
        ),
        "tv": Forms(
            "[I want to|I would like to|I'd like to|I feel like] [watch TV|watch television]"
            "[.| now.]",
            "[Get everything ready|Prepare the room|Set up the room] for [watching TV|a film|the "
            "news][.|, please.]",
            "[Let's watch TV.|Time for the news on TV.]",
        ),
        "leave": Forms(
            "[I am leaving|We are leaving|I am going out|We are going out]: [turn everything off "
            "and close the windows|switch everything off and close the windows|get the room ready]"
            "[.|, please.]",
            _P + "[prepare the room for my absence|turn everything off and close the windows"
            "|switch off everything and shut the windows]" + _E,
            "[I'm off to work.|I'm leaving, take care of everything.]",
        ),
        "sleep": Forms(
            "[I am going to bed|I want to sleep|Good night|I want to go to bed]: [turn everything "
            "off and close the curtains|get the room ready|prepare the room][.|, please.]",
            _P + "[prepare the room for the night|get the room ready for sleeping|turn everything "
            "off and close the curtains]" + _E,
            "[I'm tired, good night.|Time for bed.]",
        ),
        "light_in": Forms(
            _P + "[let some daylight in|let the daylight in|let the sun in|open the curtains]" + _E,
        ),
        "air": Forms(
            _P + "[let some fresh air in|air the room|open the windows]" + _E,
            "It is [stuffy|too warm|hot] in here[.|, do something about it.]",
            "[I need some fresh air.|It's stuffy, let some air in.]",
        ),
        "coffee": Forms(
            _P + "[prepare|get ready|set] {y} for [coffee|a cup of coffee|drinking coffee]" + _E,
            _P + "[make|brew|prepare] [a coffee|some coffee|a cup of coffee] and [put|serve|place] "
            "it on {y}" + _E,
            _P + "[bring|serve] [a coffee|a cup of coffee] [to|on|at] {y}" + _E,
            "[I want to|I would like to|I'd like to] [drink|have] [coffee|a coffee] at {y}.",
        ),
        "coffee_any": Forms(
            _P + "[prepare|get ready|set] the table for [coffee|a cup of coffee|drinking coffee]"
            + _E,
            _P + "[make|brew|prepare|bring] [me|us] [a coffee|some coffee|a cup of coffee]" + _E,
            "[I want|I would like|I'd like|I feel like] [a coffee|to drink coffee|a cup of coffee]"
            "[.|, please.]",
            "[I'm tired, I need a coffee.|Coffee, please.]",
        ),
    },
    "zh": {
        "on": Forms(
            _Z + "[打開|開啟]{x}。",
            _Z + "把{x}[打開|開起來|開啟]。",
            "{x}[要開著|應該開著|該打開了]。",
            "[我想要|我需要|我要]{x}開著。",
            "[如果{x}關著，就把它打開。|{x}沒開的話，請打開。]",
        ),
        "off": Forms(
            _Z + "[關掉|關閉|關上]{x}。",
            _Z + "把{x}[關掉|關閉|關起來]。",
            "{x}[要關著|應該關著|該關掉了]。",
            "[我想要|我需要|我要]{x}關著。",
            "[如果{x}開著，就把它關掉。|{x}還開著的話，請關掉。]",
        ),
        "open": Forms(
            _Z + "[打開|開啟]{x}。",
            _Z + "把{x}[打開|開啟|拉開|開起來]。",
            "{x}[要開著|應該開著|該打開了]。",
            "[如果{x}關著，就把它打開。|{x}沒開的話，請打開。]",
        ),
        "close": Forms(
            _Z + "[關上|關閉|關好]{x}。",
            _Z + "把{x}[關上|關好|關起來|關閉]。",
            "{x}[要關著|應該關著|該關上了]。",
            "[如果{x}開著，就把它關上。|{x}沒關的話，請關上。]",
        ),
        "put": Forms(
            _Z + "把{x}[放到|放在|移到|拿到|搬到|擺到]{p}。",
            _Z + "[拿起|拿]{x}，[放到|放在|擺到]{p}。",
            "{x}[應該放在|要放在|該放到]{p}。",
            "[我想要|我需要|我希望]把{x}[放到|放在]{p}。",
        ),
        "throw": Forms(
            _Z + "把{x}[丟掉|扔掉|丟了|扔了]。",
            _Z + "把{x}[丟進|扔進|丟到|放進]{p}。",
        ),
        "fetch": Forms(
            _Z + "[拿|取|去拿|去取|拿一下]{x}。",
            _Z + "把{x}[拿來|拿過來|拿起來|取來|拿給我]。",
            "[我需要|我想要|我要]{x}，[請拿來|幫我拿]。",
            "[把{x}帶過來。|我在找{x}，拿給我。]",
        ),
        "fetch_from": Forms(
            _Z + "[去|到|走到]{y}[那裡|旁邊|][拿|取|拿起]{x}。",
            _Z + "從{p}[拿|取|拿走|拿起]{x}。",
        ),
        "go": Forms(
            _Z + "[走到|移動到|前往|開到|去]{x}[旁邊|那裡|]。",
            _Z + "到{x}[那裡|旁邊|那邊|前面]去。",
            "[過去|靠近]{x}[那裡|旁邊|那邊]。",
        ),
        "bed": Forms(
            _Z + "[整理|鋪好|收拾]{x}。",
            _Z + "把{x}[整理好|鋪好|鋪整齊|收拾整齊]。",
            "{x}[該整理了|要整理好|應該鋪好]。",
        ),
        "push": Forms(
            _Z + "把{y}[周圍的|旁邊的|邊的]{xs}[推回去|推進去|排好|推好|歸位|推回原位]。",
            _Z + "[整理|收好|排好]{y}[周圍的|旁邊的]{xs}。",
        ),
        "wipe": Forms(
            _Z + "[擦|擦乾淨|清理|擦拭]{x}。",
            _Z + "把{x}[擦乾淨|擦一下|清理乾淨|擦一擦]。",
            "{x}[該擦了|要擦乾淨|需要清理]。",
            "[{x}髒了。|{x}好髒，處理一下。]",
        ),
        "under": Forms(
            _Z + "[清理|打掃|清掃|掃一下]{x}[底下|下面|下面的地板]。",
            _Z + "把{x}[底下|下面|下面的地板][清理乾淨|打掃乾淨|掃一掃]。",
        ),
        "spill": Forms(
            _Z + "[清理|擦掉|處理|清掉]地上的[積水|水|水漬]。",
            _Z + "把地上的[積水|水|水漬][清理乾淨|擦乾淨|處理掉|清掉]。",
            "[地上濕了|地上有水|有東西灑了]，[請清理一下|幫我清理|請處理一下]。",
            "[有人把水灑在地上了。|小心，地上濕濕的，幫個忙。]",
        ),
        "books": Forms(
            _Z + "把地上的書[放到|放回|收到|擺到]{p}。",
            _Z + "[撿起|收拾|整理]地上的書，[放到|放回]{p}。",
        ),
        "lights_on": Forms(
            _Z + "[打開|開啟]所有的燈。",
            _Z + "把[燈|所有的燈|全部的燈][打開|都打開|開起來]。",
            "[這裡|房間裡|屋子裡][太暗了|好暗|很暗|有點暗][。|，把燈打開。]",
            "[我什麼都看不到。|太暗了，幫幫我。]",
        ),
        "lights_off": Forms(
            _Z + "[關掉|關閉]所有的燈。",
            _Z + "把[燈|所有的燈|全部的燈][關掉|都關掉|都關上]。",
        ),
        "tv": Forms(
            "[我想|我要|我們想|我們要]看電視[。|了。]",
            _Z + "[準備看電視|把房間準備好看電視|準備好看電影]。",
            "[來看電視吧。|看電視的時間到了。]",
        ),
        "leave": Forms(
            "[我要出門了|我們要出門了|我要離開了|我要出去了]，[請把東西都關好|把電器和窗戶都關好"
            "|幫我關好電器和窗戶]。",
            _Z + "把[電器和窗戶|所有的電器和窗戶]都關好。",
            "[我要去上班了。|我要走了，家裡交給你了。]",
        ),
        "sleep": Forms(
            "[我要睡了|我要睡覺了|晚安，我要睡了|我想睡覺]，[請把房間準備好|幫我準備好房間"
            "|把電器關掉、窗簾拉上]。",
            _Z + "把房間準備好[睡覺|過夜|，我要睡了]。",
            "[我累了，晚安。|該睡覺了。]",
        ),
        "light_in": Forms(
            _Z + "[讓陽光進來|讓光線進來|把窗簾拉開|拉開窗簾]。",
        ),
        "air": Forms(
            _Z + "[讓新鮮空氣進來|讓房間通風|把窗戶都打開|開窗通風]。",
            "[這裡|房間裡|屋子裡][好悶|太悶了|很悶|太熱了][。|，開窗通風。]",
            "[我想透透氣。|這裡空氣不好。]",
        ),
        "coffee": Forms(
            _Z + "[準備好|準備|佈置好]喝咖啡的{y}。",
            _Z + "[煮|泡|沖|做]一杯咖啡，[放到|放在|端到]{y}上。",
            _Z + "在{y}上[準備一杯咖啡|擺好咖啡|準備好咖啡]。",
            "[我想|我要|我們想]在{y}[喝咖啡|喝一杯咖啡]。",
        ),
        "coffee_any": Forms(
            _Z + "[準備好|準備|佈置好]喝咖啡的桌子。",
            _Z + "[煮|泡|沖|做]一杯咖啡。",
            "[我想|我要|我們想|我好想]喝[咖啡|一杯咖啡|杯咖啡]。",
            _Z + "把桌子準備好，[我要喝咖啡|我想喝咖啡|我們要喝咖啡]。",
            "[我好累，來杯咖啡吧。|來一杯咖啡，謝謝。]",
        ),
    },
}  # fmt: skip
