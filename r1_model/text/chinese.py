"""Characters that tell Traditional from Simplified Chinese."""

from __future__ import annotations

import re

# pairs of one word: Traditional, Simplified
_PAIRS = (
    "沖冲煩烦進进丟丢訴诉紹绍絆绊積积內内屜屉夠够頸颈漬渍錐锥著着這这個个們们來来時时對对說说還还過过會会沒没給给請请問问讓让嗎吗張张盞盏顆颗"
    "條条塊块雙双門门關关開开間间廳厅廚厨臥卧書书"
    "燈灯電电視视機机遙遥櫃柜櫥橱簾帘畫画鏡镜鐘钟鍵键盤盘筆笔記记腦脑螢萤響响爐炉鍋锅壺壶湯汤飯饭發发單单顏颜紅红藍蓝綠绿黃黄"
    "銀银淺浅質质膠胶屬属鐵铁紙纸絨绒樣样麼么為为誰谁邊边側侧東东離离遠远處处層层頂顶備备幫帮擺摆掃扫潔洁淨净亂乱齊齐髒脏濕湿"
    "熱热涼凉從从與与並并將将應应該该當当經经種种總总計计數数兩两萬万億亿號号剛刚現现實实動动靜静樓楼車车馬马鳥鸟魚鱼貓猫貝贝"
    "頁页風风飛飞長长見见聽听讀读寫写買买賣卖頭头臉脸腳脚體体髮发國国學学習习師师醫医藥药衛卫業业農农軍军無无線线網网絡络區区"
    "環环牆墙陽阳燒烧蘋苹籃篮籠笼蓋盖點点斷断據据證证測测論论導导濟济滿满淚泪潑泼灑洒編编紋纹圓圆寬宽輕轻貨货資资訊讯費费"
    "願愿愛爱氣气觀观覺觉須须識识語语譯译設设許许認认試试話话詳详調调談谈課课誤误獨独產产異异盡尽監监眾众確确碼码禮礼稱称穩稳"
    "窮穷競竞節节範范築筑簡简級级純纯細细終终組组結结絕绝統统維维緊紧緣缘練练縮缩織织繼继續续罷罢義义聯联職职聲声膽胆臨临興兴"
    "舊旧艱艰藝艺蘭兰虛虚蟲虫術术裝装規规親亲覽览訂订討讨訓训評评詞词謝谢護护讚赞豐丰負负貴贵貼贴賓宾賞赏趕赶蹤踪軟软較较載载"
    "輪轮轉转辦办運运達达遲迟選选遺遗鄰邻釋释針针釘钉鈕钮銅铜鋼钢錄录錢钱鎖锁閃闪閉闭閱阅陳陈陰阴陸陆隊队際际隨随險险雜杂難难"
    "霧雾順顺預预領领題题類类顯显飲饮館馆駛驶驗验驚惊鬧闹齡龄龜龟則则創创別别劇剧劑剂勞劳勢势務务勝胜勵励協协參参變变嗆呛"
    "喚唤啟启員员嚴严圍围圖图團团報报場场塵尘墊垫壓压壞坏奪夺奮奋媽妈嬰婴孫孙寧宁寶宝審审專专尋寻屆届島岛帶带帳帐幣币廁厕廣广"
    "廢废強强彈弹徑径徹彻恆恒悶闷惡恶態态慣惯憂忧懶懒懸悬戀恋戲戏戶户拋抛掛挂換换揮挥損损搖摇撿捡擁拥擇择擊击擋挡擔担擠挤攔拦"
    "攝摄敗败敵敌曆历曉晓暫暂極极構构標标樁桩樹树橋桥檔档檢检櫻樱欄栏權权歡欢歲岁歸归殘残殺杀毀毁決决況况洩泄潤润澀涩濃浓瀏浏"
    "災灾烏乌煙烟爭争爺爷牽牵狀状獎奖獲获畢毕療疗鋪铺遞递塗涂鉤钩麥麦鹽盐雞鸡糧粮廂厢靈灵傳传傘伞優优儲储價价兒儿冊册凍冻"
    "嘗尝噴喷壽寿夢梦彎弯慶庆憑凭擴扩擾扰敘叙曬晒棄弃棟栋漿浆滅灭濾滤礙碍紗纱綁绑綿绵聞闻蠟蜡襯衬襪袜賴赖軸轴輸输郵邮"
    "醬酱錯错闊阔陣阵雖虽顧顾飾饰餅饼掃扫燙烫燭烛絲丝緒绪綜综線线縫缝繩绳續续纖纤"
)
# pairs whose Simplified form is a Traditional word too
_ONE_WAY = (
    "鬆松籐藤葉叶於于幾几隻只臺台麵面裡里裏里後后準准乾干纔才瞭了檯台衝冲複复跡迹雲云餘余劃划夾夹幹干復复捲卷採采"
    "誌志係系繫系鬥斗鬚须範范週周錶表颱台製制嚮向併并佈布傢家"
)

TRADITIONAL_ONLY = frozenset(_PAIRS[::2]) | frozenset(_ONE_WAY[::2])
# a Traditional text hardly ever needs 里, a Simplified one always (哪里, 房间里)
SIMPLIFIED_ONLY = frozenset(_PAIRS[1::2]) | {"里"}
_SIMPLIFIED = str.maketrans(
    dict(zip((_PAIRS + _ONE_WAY)[::2], (_PAIRS + _ONE_WAY)[1::2], strict=True))
)


# the other way only where one character is meant: of two of them (發, 髮) the first of the table
_TRADITIONAL = str.maketrans(dict(zip(_PAIRS[::-2], _PAIRS[-2::-2], strict=True)))


def in_script(text: str, language: str) -> str:
    """Chinese in the script of a language, one of `answer.LANGUAGES`; English as it is.

    Where a Simplified character is one of several Traditional ones it stays.
    """
    if language == "zh-Hans":
        return simplified(text)
    return _traditional(text) if language == "zh-Hant" else text


def _traditional(text: str) -> str:
    return re.sub("(?<=[這那哪])里", "裡", text.translate(_TRADITIONAL))


def simplified(text: str) -> str:
    """Traditional characters replaced by Simplified ones; words stay those of the text."""
    return text.translate(_SIMPLIFIED)
