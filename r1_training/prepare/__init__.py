"""Preparing data sets: raw folders in, checked arrays and a manifest out."""
