"""Evaluation of a model on synthetic rooms that it has never seen."""
