"""Which category a mesh belongs to, by the words of its name; reviewed against the sources' lists.

The first row whose pattern is found in the name decides. A category in angle brackets is none:
`<left out: reason>` keeps a mesh out of the pack, and the reason is printed.
"""

from __future__ import annotations

import re

from r1_training.synthetic.household.catalog import VOCABULARY
from r1_training.synthetic.household.words import UNKNOWN_OBJECT

_OUTDOORS = "<left out: not in a home>"
_PART = "<left out: part of a building or of another thing>"
_FLAT = "<left out: flat on a wall or hanging clothes>"
_LARGE = "<left out: too large for the rooms>"
_MIXED = "<left out: several things in one mesh>"
_FITTED = "<left out: made for a corner or a row of cabinets>"

# category or reason; patterns of whole words, in lower case ("|" between them)
_TABLE: tuple[tuple[str, str], ...] = (
    # --- what would be taken for something else further down
    (_OUTDOORS, "classic lamppost|park light|street lamp"),
    (_OUTDOORS, "street light|outdoor lamp|porch light|camping lamp"),
    (_OUTDOORS, "shipping container|garage door|elevator.*"),
    (_OUTDOORS, "fence|iron railing|mower|surveillance.*"),
    (_OUTDOORS, "chimney|round chimney|propane stove|workbench|pallet|flipper|cctv|column.*"),
    (_LARGE, "pool table|table tennis|football table|fitness tower|contemporary living room"),
    (_LARGE, "technical table|christmas tree|trashcan large|trashcan green|grand piano"),
    (_MIXED, "plate glass and cutlery|plate glasses and cutlery|kitchen tools|glass table set"),
    (_MIXED, "oil servers|utensils pot|bowl with fruits|apples|track lights"),
    (_FITTED, "lower corner cabinet|upper corner cabinet|corner bathtub|island.*|sink cabinet"),
    (
        _FITTED,
        "basin|washbasin|vanity|double vanity|kitchen sink|sink|box shelves|upper shelves cabinet",
    ),
    (_PART, "shower head.*|shower door|screen door|window shutter|induction cooker.*|cooktop"),
    (_PART, "keyboard|clock|stove|socket|bowl with salad"),  # a piano's, a table's, a hob, a sock
    (_PART, "skillet lid|wall hanger|plate holder"),
    (_PART, "furnace|tape|changing table|opened convertible.*"),
    (_PART, "screen|air mattress|sleeping bag|dart game|wheelchair|class seat"),
    (_FLAT, "hanging clothes|suit|dress|short"),
    (_FLAT, "trousers|jacket|skirt|clothes ?hanger|wire coathanger"),
    (_FLAT, "fluorescent.*|emergency sign|tatami|bathmat|doormat|ceiling fan"),
    # --- wall and ceiling
    ("light switch", "(rounded|square|wall)( dimmer| double)? switch"),
    ("socket", "(rounded|square|wall) (type \\w|rj45|antenna) plug|wall( double)? socket"),
    ("blind", "window blind"),
    ("range hood", "range hood|hood"),
    ("air conditioner", "air conditioning.*"),
    ("ceiling lamp", "hanging light|pendant lamp"),
    ("ceiling lamp", "ceiling lamp|light ceiling ?\\w*|light chandelier"),
    ("ceiling lamp", "light (cube|icosahedron)\\d?"),
    ("wall lamp", "wall (light|lamp artwork|spotlight)"),
    ("towel rack", "towel rack"),
    ("door", "door|exterior door|glass door|door \\d+"),
    (_PART, "double door.*|door double"),
    ("window", "double-hung window|turn window|double window.*|window (small|large|round).*"),
    (_PART, "(double|triple|quadruple|sliding) .*window.*"),
    ("curtain", "curtain|curtains single|curtains double|shower curtain"),
    ("mirror", "bathroom mirror.*|mirror"),
    ("clock", "cuckoo clock"),
    ("radiator", "radiator"),
    ("towel", "bathroom towel|towel"),
    ("cupboard", "upper cabinet|small upper cabinet|glass door cabinet|shelf small.*"),
    ("sink", "small lavatory|bathroom sink"),
    # --- seats
    ("office chair", "office/chair|office/armchair|office chair"),
    ("armchair", "armchair|winchester armchair|modern armchair|armchair ottoman|couch small.*"),
    ("sofa", ".*sofa.*|.*couch.*"),
    ("bench", "bench|piano bench"),
    (_LARGE, "abdominal bench"),
    ("stool", "stool|bar stool|bar chair"),
    ("ottoman", "puff|ottoman"),
    (_PART, "baby high chair"),
    (
        "chair",
        "(oak|cafe|osaka|plastic|folding|child|children|ryokan)? ?chair( with cushion| \\d)?",
    ),
    # --- beds
    ("crib", "crib|baby bed"),
    ("bunk bed", "bunk bed|bed bunk|mezzanine bed"),
    ("bed", "bed|iron bed|child bed|captain's bed|day bed|hospital bed|bed (king|single|double)"),
    (_PART, "futon"),
    # --- tables
    ("nightstand", "bedside table|nightstand \\d|night ?stand"),
    ("dresser", "dresser with drawers|drawer \\d|dressing table"),
    ("tv cabinet", "tv stand|television cabinet"),
    ("coffee table", "coffee table|table with low"),
    ("desk", "desk|desk table|wooden desk"),
    ("dining table", "oak table|black table|glass table"),
    ("dining table", "table on trestles|folding table|round table"),
    ("dining table", "wooden( alder| teak)? table"),
    ("dining table", "bar table|table roundlarge|table with tablecloth"),
    ("table", "table roundsmall\\d?|children table|small table|side table"),
    ("dining table", "table"),  # those too small for one are tried as a side table
    # --- storage
    ("filing cabinet", "filing cabinet"),
    ("safe", "safe|locked locker"),
    ("bookshelf", "bookcase|full bookcase|bookshelf|shelves|vertical shelves|shelf (large|\\d)"),
    ("cabinet", "drawers cabinet|(small )?lower cabinet|kitchen (cabinet\\w*|\\d ?drawers)"),
    ("wardrobe", "wardrobe|high cabinet"),
    ("cabinet", "cupboard"),
    ("chest", "chest|trunck|trunk"),
    ("clothes rack", "clothes rack|clothes horse"),
    ("suitcase", "suitcase"),
    ("basket", "clothes basket|shopping basket|basket"),
    ("trash can", "residential trashcan|dustbin|bullet trash can|recycling bin|trashcan.*"),
    # --- appliances, sanitary ware
    ("fridge", "fridge|refrigerator|large fridge|kitchen fridge"),
    (_PART, "chest freezer"),
    ("oven", "double oven|oven|small oven|kitchen oven.*"),
    ("washing machine", "washing machine|clothes washing machine|bathroom washingmachine"),
    ("washing machine", "dryer machine"),
    ("microwave", "microwave"),
    ("toaster", "toaster"),
    ("coffee machine", "coffee (machine|maker|brewer)"),
    ("kettle", "boiler|espresso kettle|kettle"),
    ("water cooler", "water cooler"),
    ("fireplace", "fireplace"),
    ("toilet", "toilets unit|bathroom toilet2?"),
    ("toilet paper", "bathroom toiletpaper"),
    (_MIXED, "bathroom toiletpaperpile"),
    (_PART, "toilet (paper dispenser|brush)|potty|urinal"),
    ("bathtub", "island bath|bathroom bathtub"),
    ("bidet", "bidet"),
    ("shower", "shower stall|bathroom shower\\d"),
    ("exercise machine", "treadmill|indoor bike"),
    ("piano", "upright piano"),
    ("whiteboard", "white ?board"),
    ("aquarium", "aquarium"),
    ("ladder", "(small )?step ladder"),
    # --- lamps, plants, rugs
    ("floor lamp", "light stand\\d|light floor\\d|floor lamp"),
    ("lamp", "desk lamp|little lamp|lamp|pedestal vase lamp|light (desk|small)"),
    ("lamp", "japanese lantern"),
    ("plant", ".*plant.*|cactus|orchids|yucca|bamboo|ficus|bonsai tree|houseplant \\d"),
    (_FLAT, "oriental rug|round carpet|carpet (round|\\d)"),  # their layers lie in one plane
    # --- electronics
    ("tv", "tv|tv 16:9|wall flat tv"),
    ("monitor", "apple imac.*"),
    ("laptop", "laptop|apple ibook"),
    ("printer", "inkjet printer.*"),
    ("speaker", "speaker"),
    ("remote control", "tv remote control|remote controller \\d"),
    ("gamepad", "joystick"),
    ("game console", "playstation|dvd player"),
    ("radio", "radio|mini stereo|stereo amplifier|mp3 (station|base)"),
    ("phone", "phone|mobile phone|apple iphone|wireless phone"),
    ("tablet", "tablet"),
    ("camera", "camera|reflex camera"),
    ("headphones", "headphones"),
    ("fan", "table fan|rigged fan"),
    ("watch", "watch"),
    # --- dishes
    ("mug", "coffee mug|mug|beer glass"),
    ("cup", "plastic cup|coffee cup|cup|cups|(blue|green|yellow|orange) cup"),
    ("glass", "glass|cocktail glass"),
    ("bottle", ".*wine bottle|beer bottle|yogurt bottle|baby bottle|bottle|flacon|mustard bottle"),
    (
        "bottle",
        "spray bottle|bleach cleanser|windex bottle|shampoo|conditioner|repellent|glue \\d"
        "|blue moon",
    ),
    ("bowl", "(.* )?bowl"),
    ("plate", "(.* )?plate( \\d)?"),
    ("teapot", "teapot|coffee press"),
    ("pitcher", "pitcher( base)?|creamer"),
    ("canister", "old jar|pottery|cosmetics pot|potato chip \\d|master chef can"),
    ("can", "tuna fish can|tomato soup can|potted meat can"),
    ("carton", "milk|sugar box|cracker box|pudding box"),
    ("carton", "gelatin box|lipton tea|orion pie|medicine box"),
    ("carton", "suger \\d"),
    ("tray", "tray|sushi tray|letter tray"),
    ("cutting board", "chopping board"),
    ("pot", "large pan|cooker"),
    ("pan", "skillet"),
    ("fork", "fork"),
    ("spoon", "spoon"),
    ("knife", "knife|kitchen knife"),
    ("knife block", "knife stand"),
    ("paper towel", "paper towel holder"),
    ("scale", "kitchen scale|electronic scale"),
    ("apple", "(plastic )?apple"),
    ("banana", "(plastic )?banana"),
    ("orange fruit", "(plastic )?orange"),
    ("lemon", "(plastic )?lemon"),
    ("pear", "(plastic )?pear"),
    ("peach", "(plastic )?peach"),
    ("bread", "bread"),
    ("cake", "birthday cake|cup cake"),
    # --- what lies about
    ("book", "book( \\d)?"),
    ("magazine", "newspaper"),
    ("box", "cardboard box|open cardboard box|crate"),
    (_LARGE, "box"),
    ("vase", "vase"),
    ("backpack", "backpack"),
    ("bag", "handbag|briefcase"),
    ("ball", "basketball|soccer ball|mini soccer ball"),
    ("toy", "lego duplo|toy airplane|biplane|car model|toy train|wood toy|rubik.?s? ?cube"),
    ("toy", "colored wood blocks|foam brick|doll|puzzle|xylophone"),
    ("teddy bear", "teddy bear"),
    ("hat", "cap|hat"),
    ("shoes", "slippers|bootie|sneakers|woman shoes|mocassin"),
    ("clothes", "folded clothes"),
    ("eyeglasses", "glasses|sunglasses"),
    ("keys", "keys"),
    ("umbrella", "umbrella"),
    ("scissors", "scissors"),
    ("stapler", "stapler( \\d)?"),
    ("pen", "pencil|text marker|(black|blue|red|small|large) marker|large marker"),
    ("pen holder", "penbox|pen container \\d"),
    ("flashlight", "flashlight"),
    ("hammer", "hammer|mini claw hammer \\d"),
    ("screwdriver", "screwdriver|(flat|phillips) screwdriver"),
    ("drill", "drill|power drill"),
    ("candle", "candle"),
    ("sponge", "sponge"),
    ("soap", "soap"),
    ("toothpaste", "toothpaste \\d"),
    ("picture frame", "frame .*"),
    # --- in the rooms, but nothing that the model has a name for
    (UNKNOWN_OBJECT, ".*clamp|chain|marbles|nine hole peg test"),
    (UNKNOWN_OBJECT, "dice|padlock|number lock|adjustable wrench"),
    (UNKNOWN_OBJECT, "golf ball|tennis ball|racquetball|baseball"),
    (UNKNOWN_OBJECT, "softball|wood block|plum|strawberry"),
    (UNKNOWN_OBJECT, "plastic (plum|strawberry)|spatula"),
    (UNKNOWN_OBJECT, "soap dish|book holder \\d|correction fluid|poker \\d"),
    (UNKNOWN_OBJECT, "clear box \\d|rocking horse|deer"),
    (UNKNOWN_OBJECT, "barrel|extinguisher|tennis racket|table tennis bat"),
    (UNKNOWN_OBJECT, "electric guitar|mixer|deep fryer|sandwich maker|stone grill device|squeezer"),
    (UNKNOWN_OBJECT, "spice tower|salt shaker|butter|hot dog"),
    (UNKNOWN_OBJECT, "hamburger|steak|french fries|roasted chicken"),
    (UNKNOWN_OBJECT, "bread box|sugar|gift|thermometer|comb"),
    (UNKNOWN_OBJECT, "brush|lip stick|medicine bottle|ruler|calendar"),
    (UNKNOWN_OBJECT, "hashtray|ashtray|bill .*|smoke detector|cone"),
    (UNKNOWN_OBJECT, "grinder|saw|cutting pliers|shovel|broom"),
    (UNKNOWN_OBJECT, "punching ball|wood logs|helmet|glove"),
    (UNKNOWN_OBJECT, "doll house|video projector|tape measure|tool"),
    (UNKNOWN_OBJECT, "card game|ring|intercom.*|electric water heater|gaz water heater"),
)
_COMPILED = tuple((category, re.compile(pattern)) for category, pattern in _TABLE)


class MeshNameError(ValueError):
    """The table itself names a category that there is not; the message says which."""


for _category, _ in _TABLE:
    if not _category.startswith("<") and _category not in VOCABULARY:
        raise MeshNameError(f"no category {_category!r}")


def plain_name(name: str) -> str:
    """Bathroom_Mirror2 -> bathroom mirror2; ycb_065-i_cups -> cups."""
    text = re.sub(r"^ycb_\d+(-\w)?_", "", name).replace("_", " ").replace(",", "")
    text = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text) if " " not in text else text
    return re.sub(r"\s+", " ", text).strip().lower()


def category_of(name: str, group: str = "") -> str:
    """The category of a mesh of this name, or `<left out: why>`.

    Args:
        name: spaces count little: "bathroom toiletpaper" fits "Bathroom_ToiletPaper".
        group: the source's own section, "Office": some patterns ask for it ("office/chair").
    """
    plain = plain_name(name)
    tight = re.sub(r"^ycb_\d+(-\w)?_", "", name).replace("_", " ").replace(",", "").lower()
    said = {plain, tight, f"{group.lower()}/{plain}"}
    for category, pattern in _COMPILED:
        if any(pattern.fullmatch(text) for text in said):
            return category
    return "<left out: no row of the table fits>"
