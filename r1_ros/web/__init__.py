"""The robot as a page in a browser."""
