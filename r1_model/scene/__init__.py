"""Scenes: points and posed views, their files, outliers, and the cloud that the model reads."""
