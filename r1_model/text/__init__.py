"""The text that the model reads and writes, and what a question is."""
