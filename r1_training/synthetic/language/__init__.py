"""Questions, thoughts and answers about synthetic rooms in three languages."""

from r1_training.synthetic.language.answer_check import check_answer
from r1_training.synthetic.language.corpus import corpus
from r1_training.synthetic.language.make import make_samples
from r1_training.synthetic.language.sample import Sample, fill_boxes

__all__ = ["Sample", "check_answer", "corpus", "fill_boxes", "make_samples"]
