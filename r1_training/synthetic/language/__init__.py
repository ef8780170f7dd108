"""Questions, thoughts and answers about synthetic rooms in three languages."""
