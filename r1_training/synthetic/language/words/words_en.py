"""English names of what synthetic rooms hold."""

from __future__ import annotations

from r1_training.synthetic.household.words import ENGLISH
from r1_training.synthetic.household.words import PLURALS as HOUSEHOLD_PLURALS

# category -> canonical name, synonyms
NOUNS: dict[str, tuple[str, ...]] = {
    "sofa": ("sofa", "couch"),
    "armchair": ("armchair",),
    "chair": ("chair",),
    "office chair": ("office chair", "desk chair", "swivel chair"),
    "stool": ("stool",),
    "dining table": ("dining table",),
    "coffee table": ("coffee table",),
    "table": ("side table",),
    "desk": ("desk",),
    "bed": ("bed",),
    "nightstand": ("nightstand", "bedside table"),
    "wardrobe": ("wardrobe", "closet"),
    "bookshelf": ("bookshelf", "bookcase"),
    "cabinet": ("cabinet",),
    "dresser": ("dresser", "chest of drawers"),
    "tv cabinet": ("TV cabinet", "TV stand"),
    "fridge": ("fridge", "refrigerator"),
    "stove": ("stove", "cooker"),
    "washing machine": ("washing machine", "washer"),
    "toilet": ("toilet",),
    "bathtub": ("bathtub", "bath"),
    "floor lamp": ("floor lamp", "standing lamp"),
    "plant": ("plant", "potted plant"),
    "counter": ("counter", "worktop", "countertop"),
    "rug": ("rug", "carpet"),
    "puddle": ("puddle", "puddle of water"),
    "door": ("door",),
    "window": ("window",),
    "curtain": ("curtain",),
    "picture": ("picture", "painting"),
    "mirror": ("mirror",),
    "clock": ("clock", "wall clock"),
    "cupboard": ("cupboard", "wall cupboard"),
    "radiator": ("radiator", "heater"),
    "sink": ("sink", "basin"),
    "towel": ("towel",),
    "microwave": ("microwave", "microwave oven"),
    "coffee machine": ("coffee machine", "coffee maker"),
    "kettle": ("kettle",),
    "toaster": ("toaster",),
    "pan": ("pan", "frying pan"),
    "tv": ("TV", "television"),
    "monitor": ("monitor", "computer screen"),
    "laptop": ("laptop", "notebook computer"),
    "keyboard": ("keyboard",),
    "printer": ("printer",),
    "speaker": ("speaker", "loudspeaker"),
    "remote control": ("remote control", "remote"),
    "gamepad": ("gamepad", "game controller"),
    "lamp": ("table lamp", "desk lamp"),
    "mug": ("mug",),
    "cup": ("cup",),
    "bottle": ("bottle",),
    "bowl": ("bowl",),
    "plate": ("plate",),
    "apple": ("apple",),
    "book": ("book",),
    "magazine": ("magazine",),
    "box": ("box",),
    "vase": ("vase",),
    "cushion": ("cushion", "throw pillow"),
    "pillow": ("pillow",),
    "basket": ("basket",),
    "trash can": ("trash can", "waste bin", "rubbish bin"),
    "backpack": ("backpack", "rucksack"),
    "ball": ("ball",),
} | ENGLISH
# wider words, used where only one thing of that kind is in sight; key: hypernym of the catalog.
# A language that has none says the plain name ("cup" in English is a category of its own).
HYPERNYMS: dict[str, str] = {"table": "table", "lamp": "lamp"}
PLURALS: dict[str, str] = {
    "bookshelf": "bookshelves",
    "box": "boxes",
    "chest of drawers": "chests of drawers",
    "puddle of water": "puddles of water",
    "couch": "couches",
} | HOUSEHOLD_PLURALS
COLORS: dict[str, str] = {
    name: name
    for name in (
        *("red", "orange", "yellow", "green", "blue", "purple", "pink", "brown"),
        *("dark brown", "light brown", "beige", "black", "grey", "silver", "white", "colourful"),
    )
}
# material -> adjective, noun; materials that nobody names are missing
MATERIALS: dict[str, tuple[str, str]] = {
    "wood": ("wooden", "wood"),
    "metal": ("metal", "metal"),
    "plastic": ("plastic", "plastic"),
    "glass": ("glass", "glass"),
    "fabric": ("fabric", "fabric"),
    "leather": ("leather", "leather"),
    "ceramic": ("ceramic", "ceramic"),
    "stone": ("stone", "stone"),
    "paper": ("paper", "paper"),
    "cardboard": ("cardboard", "cardboard"),
    "rubber": ("rubber", "rubber"),
    "wicker": ("wicker", "wicker"),
}
SHAPES: dict[str, str] = {
    "L-shaped": "L-shaped",
    "round": "round",
    "rectangular": "rectangular",
    "square": "square",
    "striped": "striped",
    "single": "single",
    "double": "double",
    "tall": "tall",
    "bushy": "bushy",
    "broad-leaved": "broad-leaved",
    "cubic": "cubic",
}
# shapes that stand behind the noun
DETAILS: dict[str, str] = {
    "slatted back": "with a slatted back",
    "solid back": "with a solid back",
    "with armrests": "with armrests",
    "without armrests": "without armrests",
    "with drawers": "with drawers",
    "three drawers": "with three drawers",
    "four drawers": "with four drawers",
    "two doors": "with two doors",
    "three doors": "with three doors",
    "with handle": "with a handle",
    "with handles": "with handles",
    "with shade": "with a shade",
    "with arm": "with a bent arm",
    "conical shade": "with a conical shade",
    "drum shade": "with a drum shade",
    "long neck": "with a long neck",
    "with jug": "with a jug",
    "two panes": "with two panes",
    "four panes": "with four panes",
}
# (state, value) -> predicate, "the x is ..."
STATES: dict[tuple[str, str], str] = {
    ("power", "on"): "on",
    ("power", "off"): "off",
    ("opening", "open"): "open",
    ("opening", "closed"): "closed",
    ("bedding", "made"): "made",
    ("bedding", "messy"): "messy",
    ("pose", "upright"): "upright",
    ("pose", "tipped"): "tipped over",
}
# other words for the same in questions
ASKED_STATES: dict[tuple[str, str], tuple[str, ...]] = {
    ("power", "on"): ("turned on", "switched on"),
    ("power", "off"): ("turned off", "switched off"),
    ("opening", "closed"): ("shut",),
    ("bedding", "made"): ("tidy",),
    ("bedding", "messy"): ("untidy",),
    ("pose", "upright"): ("standing upright",),
    ("pose", "tipped"): ("lying on its side",),
}
ROOMS: dict[str, str] = {
    name: name
    for name in (
        *("living room", "bedroom", "kitchen", "dining room", "study", "bathroom", "office"),
        "corridor",
    )
}
NUMBERS = (
    *("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve"),
)
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth")
