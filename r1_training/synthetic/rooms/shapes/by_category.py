"""Which function draws which category."""

from __future__ import annotations

from collections.abc import Callable

from r1_training.synthetic.rooms.item_builder import Pen
from r1_training.synthetic.rooms.shapes import furniture, small, wall
from r1_training.synthetic.rooms.shapes import storage_furniture as storage

_DRAW: dict[str, Callable[[Pen], None]] = {
    "sofa": furniture.sofa,
    "armchair": furniture.armchair,
    "chair": furniture.chair,
    "office chair": furniture.office_chair,
    "stool": furniture.stool,
    "dining table": furniture.table,
    "coffee table": furniture.table,
    "table": furniture.table,
    "desk": furniture.desk,
    "bed": furniture.bed,
    "floor lamp": furniture.floor_lamp,
    "plant": furniture.plant,
    "toilet": furniture.toilet,
    "bathtub": furniture.bathtub,
    "rug": furniture.rug,
    "puddle": furniture.puddle,
    "nightstand": storage.nightstand,
    "wardrobe": storage.cupboard,
    "cabinet": storage.cupboard,
    "cupboard": storage.cupboard,
    "fridge": storage.fridge,
    "bookshelf": storage.bookshelf,
    "dresser": storage.dresser,
    "tv cabinet": storage.tv_cabinet,
    "stove": storage.stove,
    "washing machine": storage.washing_machine,
    "counter": storage.counter,
    "microwave": storage.microwave,
    "door": wall.door,
    "window": wall.window,
    "curtain": wall.curtain,
    "picture": wall.picture,
    "mirror": wall.mirror,
    "clock": wall.clock,
    "radiator": wall.radiator,
    "sink": wall.sink,
    "towel": wall.towel,
    "coffee machine": small.coffee_machine,
    "kettle": small.kettle,
    "toaster": small.toaster,
    "pan": small.pan,
    "tv": small.screen,
    "monitor": small.screen,
    "laptop": small.laptop,
    "keyboard": small.keyboard,
    "printer": small.printer,
    "speaker": small.speaker,
    "remote control": small.remote_control,
    "gamepad": small.gamepad,
    "lamp": small.lamp,
    "mug": small.mug,
    "cup": small.cup,
    "bottle": small.bottle,
    "bowl": small.bowl,
    "plate": small.plate,
    "apple": small.apple,
    "book": small.book,
    "magazine": small.magazine,
    "box": small.box,
    "vase": small.vase,
    "cushion": small.cushion,
    "pillow": small.pillow,
    "basket": small.container,
    "trash can": small.container,
    "backpack": small.backpack,
    "ball": small.ball,
}


def draw(pen: Pen) -> None:
    """Draw the pen's item and give it the surfaces that things can stand on."""
    _DRAW[pen.item.category](pen)
