"""Everything that thinks: scene, model, point operators, view selection, grammar.

No ROS.
"""
