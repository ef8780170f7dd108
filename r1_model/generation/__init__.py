"""The one generator: it continues one sequence or many, streams, stops, is greedy or samples."""

from r1_model.generation.generator import Generated, Generator
from r1_model.generation.language import end_tokens, placeholders
from r1_model.generation.padding import padded_left

__all__ = ["Generated", "Generator", "end_tokens", "padded_left", "placeholders"]
