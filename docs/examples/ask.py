"""Find one object and print where it is. Needs running nodes: `r1 up`."""

from r1_ros.client import R1Client

with R1Client() as robot:
    answer = robot.ask(
        "Find the mug on the table.", on_feedback=lambda f: print(f.stage, f.text[-60:])
    )
    print(answer.answer)
    for item in answer.objects:
        p = item.pose.position
        print(
            f"{item.id} {item.label}: ({p.x:.2f}, {p.y:.2f}, {p.z:.2f}) in {answer.header.frame_id}"
        )
