# r1_ros beside ROS 2 Jazzy, with a GPU: the CUDA libraries come with PyTorch's wheels, the driver from
# the host (nvidia-container-toolkit, `docker run --gpus all`). Build from the root:
#   docker build -f docker/cuda.Dockerfile -t r1_ros:cuda .
FROM ros:jazzy-ros-base-noble

SHELL ["/bin/bash", "-o", "pipefail", "-c"]
# Versions follow the distribution of the base image.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends \
        libegl1 libgl1 libgomp1 libusb-1.0-0 python3-venv \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /ws
COPY package.xml src/r1_ros/package.xml
RUN apt-get update \
    && rosdep update \
    && rosdep install --from-paths src --ignore-src --default-yes --skip-keys rviz2 \
    && rm -rf /var/lib/apt/lists/*

COPY requirements-ros-machine.txt src/r1_ros/requirements-ros-machine.txt
RUN python3 -m venv --system-site-packages venv \
    && touch venv/COLCON_IGNORE \
    && venv/bin/pip install --quiet --no-cache-dir -r src/r1_ros/requirements-ros-machine.txt

COPY . src/r1_ros
# The virtual environment's Python is found by the executables: R1_VENV (README).
RUN source /opt/ros/jazzy/setup.bash \
    && source venv/bin/activate \
    && colcon build --packages-select r1_ros \
    && printf '#!/bin/bash\nsource /opt/ros/jazzy/setup.bash\nsource /ws/install/setup.bash\nexec "$@"\n' \
        > /ws/entrypoint.sh \
    && chmod +x /ws/entrypoint.sh

ENV R1_VENV=/ws/venv
ENV PATH=/ws/install/r1_ros/bin:$PATH
ENV NVIDIA_DRIVER_CAPABILITIES=compute,utility
RUN useradd --create-home --uid 1100 robot
USER 1100
ENTRYPOINT ["/ws/entrypoint.sh"]
CMD ["ros2", "launch", "r1_ros", "scene_understanding.launch.py", "--show-args"]
