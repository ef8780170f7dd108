"""What several trainings share: settings, labels, checkpoints, resumable files."""
