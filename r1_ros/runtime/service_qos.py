"""QoS of services and actions that many clients use at once.

A file of its own: who only sets up the transport (the command line) must not wait for rclpy.
"""

from __future__ import annotations

from rclpy.qos import QoSProfile

# Every client of a service is sent every response, and keeps its own. With the default depth of 10,
# a burst of "BUSY" to others pushes out the one that a client waits for.
MANY_CLIENTS = QoSProfile(depth=200)
