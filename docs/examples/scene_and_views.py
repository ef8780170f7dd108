"""The map as numpy arrays, and which of its keyframes the model would look at."""

from r1_ros.client import R1Client

with R1Client() as robot:
    scene = robot.get_scene()
    print(f"{len(scene.points)} points, {len(scene.views)} keyframes in {scene.frame_id}")
    views = robot.select_views("Where is the mug?", count=3)
    for view_id, utility, coverage in zip(
        views.view_ids, views.utility, views.coverage, strict=True
    ):
        print(f"keyframe {view_id}: utility {utility:.2f}, adds {coverage:.0%} of the scene")
