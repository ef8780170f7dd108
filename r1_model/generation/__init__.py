"""The one generator: it continues one sequence or many, streams, stops, is greedy or samples."""

from r1_model.generation.generator import Generated, Generator
from r1_model.generation.language import end_tokens, placeholders

__all__ = ["Generated", "Generator", "end_tokens", "placeholders"]
