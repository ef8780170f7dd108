"""Everything that speaks ROS: nodes, conversions, transforms, client, recordings, command line.

The generated interfaces (`r1_ros.msg`, `.srv`, `.action`) share this package's name. With colcon
they are installed into the same folder; in a source tree they lie in the environment's
site-packages, and `extend_path` joins the two.
"""

from pkgutil import extend_path

__path__ = extend_path(__path__, __name__)
