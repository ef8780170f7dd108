"""Which primitives things are drawn from."""
