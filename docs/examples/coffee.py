"""From a question to a cup: ask, plan, drive in the mapped space; all of it in Rerun.

Start the nodes with `robot:=simulated`, and map a kitchen; then `rerun output/coffee.rrd`.
"""

import threading
from pathlib import Path

import numpy as np
import rclpy
from geometry_msgs.msg import PoseStamped
from rclpy.executors import SingleThreadedExecutor

from r1_ros.client import R1Client, RequestFailedError
from r1_ros.pictures.rerun_recording import SceneRecording

OUT = Path("output/coffee.rrd")

OUT.parent.mkdir(exist_ok=True)
rclpy.init()
watcher = rclpy.create_node("coffee_watcher")
way: list[tuple[float, float, float]] = []
watcher.create_subscription(
    PoseStamped,
    "plan_executor/robot_pose",
    lambda m: way.append((m.pose.position.x, m.pose.position.y, 0.05)),
    1000,
)
listening = SingleThreadedExecutor()
listening.add_node(watcher)
threading.Thread(target=listening.spin, daemon=True).start()

with R1Client() as robot, SceneRecording(OUT, "coffee") as recording:
    scene = robot.get_scene()
    recording.log_cloud(scene.points, scene.colors)
    recording.log_views(scene.views)
    print("cup:", robot.ask("Where is the cup?").answer)
    plan = robot.plan("Make me a coffee and put it on the table.")
    for step in plan.steps:
        print(f"{step.index}. {step.action}({', '.join(step.arguments)}): {step.text}")
    try:
        robot.execute_plan(
            plan.steps,
            frame_id=plan.answer.header.frame_id,
            on_feedback=lambda f: print(f"{f.step.index}: {f.status}"),
        )
    except RequestFailedError as error:
        print(f"step {error.result.failed_step} failed: {error}")
    if way:
        recording.log_way(np.array(way))
    print(f"drove through {len(way)} poses; {OUT} shows them")
listening.shutdown()
rclpy.shutdown()
