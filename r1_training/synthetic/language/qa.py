"""Questions with a short answer: all kinds and how often they are asked."""

from __future__ import annotations

from r1_training.synthetic.language import (
    qa_attributes,
    qa_comparison,
    qa_counting,
    qa_measures,
    qa_pictures,
    qa_places,
    qa_relations,
    unknown,
    uses,
)
from r1_training.synthetic.language.asking import Asking
from r1_training.synthetic.language.sample import Sample

# kind -> (maker, weight)
MAKERS = {
    "count": (qa_counting.count, 5.0),
    "colour": (qa_attributes.colour, 4.0),
    "state": (qa_attributes.state, 4.0),
    "location": (qa_relations.location, 1.5),
    "support": (qa_relations.support, 1.2),
    "side": (qa_relations.side, 2.0),
    "what": (qa_relations.what, 1.5),
    "support_yesno": (qa_places.support_yesno, 1.0),
    "beside": (qa_places.beside, 2.0),
    "shut": (qa_places.shut, 0.3),
    "missing": (qa_places.missing, 0.3),
    "location_all": (qa_places.location_all, 0.5),
    "use": (uses.use, 0.8),
    "unknown": (unknown.qa, 0.5),
    "size": (qa_measures.size, 0.5),
    "distance": (qa_measures.distance, 0.9),
    "existence": (qa_counting.existence, 3.0),
    "compare": (qa_comparison.compare, 1.0),
    "compare_near": (qa_comparison.compare_near, 1.4),
    "compare_count": (qa_comparison.compare_count, 0.7),
    "material": (qa_attributes.material, 0.6),
    "shape": (qa_attributes.shape, 0.8),
    "room": (qa_attributes.room, 0.3),
}
_KINDS = tuple(MAKERS)
_WEIGHTS = tuple(weight for _, weight in MAKERS.values())


# Only rooms of meshes have what these ask for.
PICTURED = 3.0


def make(ask: Asking) -> Sample | None:
    """A question of a random kind, or None where the room does not offer it."""
    of_meshes = ask.facts.room.meshes is not None
    if of_meshes and ask.rng.random() < PICTURED / (PICTURED + sum(_WEIGHTS)):
        return qa_pictures.motif(ask)
    [kind] = ask.rng.choices(_KINDS, _WEIGHTS)
    return MAKERS[kind][0](ask)
