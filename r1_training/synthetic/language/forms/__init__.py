"""Wordings of questions, by task."""
