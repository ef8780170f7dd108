"""From RGB-D images and clouds to the map, in the order in which a frame passes through."""
