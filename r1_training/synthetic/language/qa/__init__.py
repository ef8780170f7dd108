"""Questions with a short answer, by kind."""
