"""The robot as tools of a language agent (Model Context Protocol)."""
