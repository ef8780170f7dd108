"""From a room to what a camera and a mapper make of it."""
