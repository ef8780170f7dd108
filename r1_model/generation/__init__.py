"""The one generator: it continues one sequence or many, streams, stops, is greedy or samples."""

from .generator import Generated, Generator
from .language import end_tokens, placeholders

__all__ = ["Generated", "Generator", "end_tokens", "placeholders"]
