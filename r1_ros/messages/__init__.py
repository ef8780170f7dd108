"""Between messages and numpy or `r1_model`'s data. Plain functions."""
