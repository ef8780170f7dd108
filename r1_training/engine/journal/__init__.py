"""What happened to every item, on disk: the journal and what is written from it."""
