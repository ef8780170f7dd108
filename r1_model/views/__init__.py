"""Which views of a scene the model is shown for a question."""
