"""Weights of r1-tiny as files: carried over from another model, averaged, packed to ship."""
