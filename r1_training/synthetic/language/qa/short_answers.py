"""Questions with a short answer: all kinds and how often they are asked."""

from __future__ import annotations

from r1_training.synthetic.language.context import Asking
from r1_training.synthetic.language.qa import (
    attributes,
    comparison,
    counting,
    metres,
    pictures,
    places,
    relations,
    rooms,
    unseen,
)
from r1_training.synthetic.language.sample import Sample
from r1_training.synthetic.language.tasks import absent_things, uses

# kind -> (maker, weight)
MAKERS = {
    "count": (counting.count, 5.0),
    "colour": (attributes.colour, 4.0),
    "state": (attributes.state, 4.0),
    "location": (relations.location, 1.5),
    "support": (relations.support, 1.2),
    "side": (relations.side, 2.0),
    "what": (relations.what, 1.5),
    "support_yesno": (places.support_yesno, 1.0),
    "beside": (places.beside, 2.0),
    "shut": (places.shut, 0.3),
    "missing": (places.missing, 0.3),
    "location_all": (places.location_all, 0.5),
    "use": (uses.use, 0.8),
    "unknown": (absent_things.qa, 0.5),
    "size": (metres.size, 0.5),
    "distance": (metres.distance, 0.9),
    "existence": (counting.existence, 3.0),
    "compare": (comparison.compare, 1.0),
    "compare_near": (comparison.compare_near, 1.4),
    "compare_count": (comparison.compare_count, 0.7),
    "material": (attributes.material, 0.6),
    "shape": (attributes.shape, 0.8),
    "room": (attributes.room, 0.3),
}
_KINDS = tuple(MAKERS)
_WEIGHTS = tuple(weight for _, weight in MAKERS.values())


# Only rooms of meshes have what these ask for.
PICTURED = 6.0
UNREAD = 0.25  # share of them that is about what the views do not show
UNSEEN = 1.2
OF_ROOMS = 4.0  # only flats have several rooms


def make(ask: Asking) -> Sample | None:
    """A question of a random kind, or None where the room does not offer it."""
    of_meshes = ask.facts.room.meshes is not None
    if of_meshes and ask.rng.random() < PICTURED / (PICTURED + sum(_WEIGHTS)):
        return pictures.unread(ask) if ask.rng.random() < UNREAD else pictures.motif(ask)
    if of_meshes and ask.rng.random() < UNSEEN / (UNSEEN + sum(_WEIGHTS)):
        return unseen.on_top(ask)
    if ask.facts.several and ask.rng.random() < OF_ROOMS / (OF_ROOMS + sum(_WEIGHTS)):
        return rooms.make(ask)
    [kind] = ask.rng.choices(_KINDS, _WEIGHTS)
    return MAKERS[kind][0](ask)
