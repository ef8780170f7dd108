"""Nodes as child processes: what `r1 up`, `r1 demo` and the evaluation of bags start."""
