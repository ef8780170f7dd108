"""Scene-30K engine: scene description -> teacher -> the paper's five filters -> JSONL."""
