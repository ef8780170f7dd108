"""Pictures of scenes and answers: top-down PNGs and Rerun recordings."""
