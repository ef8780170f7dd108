"""Motion in the mapped space: where a robot fits, how it gets there, where it stops."""
