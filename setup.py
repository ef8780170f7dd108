"""Python packages and console scripts; package data travels with r1_model (weights)."""

from setuptools import find_packages, setup

setup(
    name="r1_ros",
    version="0.1.0",
    description="3D-R1 for robots: map a room from RGB-D, ask about it, ground the answer, plan.",
    license="Apache-2.0",
    packages=find_packages(include=["r1_ros*", "r1_model*", "r1_training*"]),
    package_data={"r1_model": ["weights/**/*", "*/csrc/*"]},
    python_requires=">=3.11,<3.13",
    entry_points={
        "console_scripts": [
            "r1 = r1_ros.cli.main:main",
            "scene_mapper = r1_ros.nodes.scene_mapper:main",
            "scene_reasoner = r1_ros.nodes.scene_reasoner:main",
            "plan_executor = r1_ros.nodes.plan_executor:main",
        ]
    },
)
