"""What the nodes publish, shown live in the Rerun viewer."""
