"""Teachers, what they are asked, and what they may cost."""
