"""From a question to an answer, step by step: `Reasoner` puts the steps together."""
