"""Names of the household categories that only rooms of meshes hold, in three languages.

A row: key; English names; Traditional names, measure word; Simplified names, measure word.
"""

from __future__ import annotations

UNKNOWN_OBJECT = "unknown object"

_ROWS = f"""
bench; bench; 長椅/長凳, 張; 长椅/长凳, 张
ottoman; ottoman/pouf/footstool; 腳凳/軟墊凳, 個; 脚凳/软墩, 个
piano; piano; 鋼琴, 架; 钢琴, 架
oven; oven; 烤箱, 台; 烤箱, 台
crib; crib/baby bed/cot; 嬰兒床, 張; 婴儿床, 张
bunk bed; bunk bed/loft bed; 雙層床/高架床, 張; 双层床/高架床, 张
filing cabinet; filing cabinet/file cabinet; 檔案櫃/文件櫃, 個; 文件柜/档案柜, 个
whiteboard; whiteboard; 白板, 塊; 白板, 块
fireplace; fireplace; 壁爐, 座; 壁炉, 座
suitcase; suitcase; 行李箱, 個; 行李箱, 个
clothes rack; clothes rack/drying rack; 曬衣架/衣帽架, 個; 晾衣架/衣帽架, 个
ladder; ladder/stepladder; 梯子/折梯, 把; 梯子/折梯, 把
aquarium; aquarium/fish tank; 水族箱/魚缸, 個; 鱼缸/水族箱, 个
safe; safe; 保險箱, 個; 保险箱/保险柜, 个
water cooler; water cooler/water dispenser; 飲水機, 台; 饮水机, 台
shower; shower/shower cabin; 淋浴間, 間; 淋浴间/淋浴房, 间
bidet; bidet; 淨身盆, 個; 净身盆, 个
exercise machine; exercise machine/fitness machine; 健身器材, 台; 健身器材, 台
chest; chest/trunk; 木箱/收納箱, 個; 木箱/收纳箱, 个
ceiling lamp; ceiling lamp/hanging lamp/pendant lamp; 吊燈/頂燈, 盞; 吊灯/顶灯, 盏
wall lamp; wall lamp/sconce; 壁燈, 盞; 壁灯, 盏
socket; power socket/outlet; 插座, 個; 插座, 个
light switch; light switch; 電燈開關, 個; 电灯开关, 个
blind; blind/window blind; 百葉窗, 片; 百叶窗, 片
towel rack; towel rack/towel rail; 毛巾架, 個; 毛巾架, 个
air conditioner; air conditioner; 冷氣機/空調, 台; 空调, 台
range hood; range hood/extractor hood; 抽油煙機, 台; 抽油烟机, 台
can; can/tin can/tin; 罐頭, 罐; 罐头, 罐
canister; canister/jar; 罐子/密封罐, 個; 罐子/密封罐, 个
toy; toy; 玩具, 個; 玩具, 个
teddy bear; teddy bear/stuffed toy; 泰迪熊/玩偶, 隻; 泰迪熊/玩偶, 只
bag; bag/handbag; 手提包/袋子, 個; 手提包/袋子, 个
hat; hat/cap; 帽子, 頂; 帽子, 顶
shoes; pair of shoes; 鞋子, 雙; 鞋子, 双
clothes; garment/piece of clothing; 衣服, 件; 衣服, 件
glass; glass/drinking glass; 玻璃杯, 個; 玻璃杯, 个
fork; fork; 叉子, 支; 叉子, 把
spoon; spoon; 湯匙, 支; 汤匙/勺子, 把
knife; knife/kitchen knife; 刀子/菜刀, 把; 刀子/菜刀, 把
teapot; teapot; 茶壺, 個; 茶壶, 个
pitcher; pitcher/jug; 水罐/冷水壺, 個; 水罐/冷水壶, 个
tray; tray; 托盤, 個; 托盘, 个
cutting board; cutting board/chopping board; 砧板/切菜板, 塊; 砧板/切菜板, 块
pot; pot/cooking pot; 湯鍋/鍋子, 個; 汤锅/锅子, 个
banana; banana; 香蕉, 根; 香蕉, 根
orange fruit; tangerine/mandarin; 橘子, 顆; 橘子, 个
lemon; lemon; 檸檬, 顆; 柠檬, 个
pear; pear; 梨子, 顆; 梨子, 个
peach; peach; 桃子, 顆; 桃子, 个
bread; bread/loaf of bread; 麵包, 個; 面包, 个
cake; cake; 蛋糕, 塊; 蛋糕, 块
scissors; pair of scissors; 剪刀, 把; 剪刀, 把
stapler; stapler; 釘書機, 個; 订书机, 个
pen; pen/marker; 筆/麥克筆, 支; 笔/记号笔, 支
pen holder; pen holder/pencil cup; 筆筒, 個; 笔筒, 个
phone; phone/telephone; 電話/手機, 支; 电话/手机, 部
tablet; tablet/tablet computer; 平板電腦, 台; 平板电脑, 台
camera; camera; 相機, 台; 相机, 台
headphones; pair of headphones; 耳機, 副; 耳机, 副
eyeglasses; pair of eyeglasses; 眼鏡, 副; 眼镜, 副
watch; watch/wristwatch; 手錶, 支; 手表, 块
keys; bunch of keys; 鑰匙, 串; 钥匙, 串
hammer; hammer; 鐵鎚, 把; 锤子, 把
screwdriver; screwdriver; 螺絲起子, 把; 螺丝刀, 把
drill; drill/power drill; 電鑽, 把; 电钻, 把
sponge; sponge; 海綿, 塊; 海绵, 块
soap; soap/bar of soap; 肥皂, 塊; 肥皂, 块
toothpaste; toothpaste; 牙膏, 條; 牙膏, 支
toilet paper; toilet paper/roll of toilet paper; 衛生紙, 捲; 卫生纸, 卷
umbrella; umbrella; 雨傘, 把; 雨伞, 把
fan; fan/electric fan; 電風扇, 台; 电风扇, 台
radio; radio/stereo; 收音機/音響主機, 台; 收音机/音响主机, 台
game console; game console; 遊戲主機, 台; 游戏主机, 台
candle; candle; 蠟燭, 根; 蜡烛, 根
flashlight; flashlight/torch; 手電筒, 支; 手电筒, 个
picture frame; picture frame/photo frame; 相框, 個; 相框, 个
paper towel; paper towel roll; 廚房紙巾, 捲; 厨房纸巾, 卷
knife block; knife block; 刀架, 個; 刀架, 个
scale; scale; 磅秤/電子秤, 台; 电子秤, 台
carton; small box/carton/packet; 小盒子/紙盒, 個; 小盒子/纸盒, 个
{UNKNOWN_OBJECT}; unknown object; 不明物體, 個; 不明物体, 个
"""


def _names(text: str) -> tuple[tuple[str, ...], str]:
    names, measure = text.rsplit(",", 1)
    return tuple(name.strip() for name in names.split("/")), measure.strip()


def _read() -> tuple[dict, dict]:
    english, chinese = {}, {}
    for line in _ROWS.strip().splitlines():
        key, names, traditional, simplified = (part.strip() for part in line.split(";"))
        english[key] = tuple(name.strip() for name in names.split("/"))
        chinese[key] = (*_names(traditional), *_names(simplified))
    return english, chinese


ENGLISH: dict[str, tuple[str, ...]]
CHINESE: dict[str, tuple[tuple[str, ...], str, tuple[str, ...], str]]
ENGLISH, CHINESE = _read()
# English plurals that "s" does not make
PLURALS: dict[str, str] = {
    "bench": "benches",
    "couch": "couches",
    "torch": "torches",
    "watch": "watches",
    "wristwatch": "wristwatches",
    "peach": "peaches",
    "glass": "glasses",
    "drinking glass": "drinking glasses",
    "knife": "knives",
    "kitchen knife": "kitchen knives",
    "toy": "toys",
    "light switch": "light switches",
    "pair of shoes": "pairs of shoes",
    "pair of scissors": "pairs of scissors",
    "pair of headphones": "pairs of headphones",
    "pair of eyeglasses": "pairs of eyeglasses",
    "bunch of keys": "bunches of keys",
    "piece of clothing": "pieces of clothing",
    "loaf of bread": "loaves of bread",
    "bread": "loaves of bread",
    "bar of soap": "bars of soap",
    "soap": "bars of soap",
    "toothpaste": "tubes of toothpaste",
    "toilet paper": "rolls of toilet paper",
    "roll of toilet paper": "rolls of toilet paper",
    "paper towel roll": "paper towel rolls",
    "small box": "small boxes",
    "radio": "radios",
    "piano": "pianos",
}
# what rooms of meshes hold neither by name nor without one; rows as in `language.words_unknown`
ABSENT: tuple[tuple[str, str, str, str], ...] = (
    ("horse", "馬", "马", "匹匹"),
    ("rabbit", "兔子", "兔子", "隻只"),
    ("turtle", "烏龜", "乌龟", "隻只"),
    ("parrot", "鸚鵡", "鹦鹉", "隻只"),
    ("snowman", "雪人", "雪人", "個个"),
    ("telescope", "望遠鏡", "望远镜", "架架"),
    ("microscope", "顯微鏡", "显微镜", "台台"),
    ("sewing machine", "縫紉機", "缝纫机", "台台"),
    ("typewriter", "打字機", "打字机", "台台"),
    ("hammock", "吊床", "吊床", "張张"),
    ("trumpet", "小號", "小号", "支把"),
    ("surfboard", "衝浪板", "冲浪板", "塊块"),
    ("dumbbell", "啞鈴", "哑铃", "個个"),
    ("toolbox", "工具箱", "工具箱", "個个"),
    ("fishing rod", "釣竿", "钓竿", "支根"),
    ("kite", "風箏", "风筝", "個个"),
    ("balloon", "氣球", "气球", "顆个"),
    ("wheelbarrow", "手推車", "手推车", "輛辆"),
    ("lawn mower", "割草機", "割草机", "台台"),
    ("snowboard", "滑雪板", "滑雪板", "塊块"),
    ("canoe", "獨木舟", "独木舟", "艘艘"),
    ("crown", "皇冠", "皇冠", "頂顶"),
    ("sword", "寶劍", "宝剑", "把把"),
    ("anchor", "船錨", "船锚", "個个"),
)
