"""What an English request wants to stay where it is, or as it is."""
