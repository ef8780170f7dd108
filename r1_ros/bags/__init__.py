"""Recordings: RGB-D folders, rosbag2 bags, and playing either to a robot's topics."""
