"""What a request forbids: English and Chinese clauses, read into prohibitions."""
