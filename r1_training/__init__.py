"""Everything offline: synthetic scenes, data engine, datasets, training, evaluation. No ROS."""
