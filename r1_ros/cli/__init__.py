"""The command `r1`. Each command lives in its own module and imports what is slow by itself."""
