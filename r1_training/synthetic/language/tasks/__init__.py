"""One module a task: makes a question with its answer, or says that the room offers none."""
