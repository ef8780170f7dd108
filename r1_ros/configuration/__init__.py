"""What users configure: parameters, camera files, and how such files are read."""
