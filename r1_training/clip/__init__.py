"""Training of `SceneClip`, which view selection rests on."""
