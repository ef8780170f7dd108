"""Measures that several protocols share: overlap, text scores, exact match, CLIP."""
