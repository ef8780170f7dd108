"""Replay evaluation: a bag through the real nodes, questions at their times, what came out."""
