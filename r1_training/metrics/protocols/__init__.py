"""The field's evaluation protocols, one family a file."""
