"""From a request to a reply: checks, queue, map, dialogue."""
