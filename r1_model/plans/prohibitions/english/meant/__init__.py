"""Which thing an English request means."""
