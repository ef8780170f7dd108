"""Training of `r1-tiny`, from nothing to weights."""
