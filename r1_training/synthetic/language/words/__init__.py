"""Words: names in three languages, sentences said and read."""
