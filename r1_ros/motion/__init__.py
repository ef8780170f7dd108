"""A simulated robot's wheels, and what a robot drives by: the map, Nav2's costmap."""
