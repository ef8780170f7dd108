"""Three turns of one dialogue; the last is a request: it becomes a plan and is carried out."""

from r1_ros.client import R1Client

with R1Client() as robot:
    for question in ("Is there a lamp on my desk?", "Is it on?", "Turn it off for me."):
        answer = robot.ask(question, session_id="desk")
        print(f"> {question}\n{answer.answer}")
    if answer.steps:  # planned, not carried out yet
        robot.execute_plan(answer.steps, frame_id=answer.header.frame_id, session_id="desk")
        # scene_reasoner has published on ~/answers that it is done, and the dialogue knows it
        print(robot.ask("Is it still on?", session_id="desk").answer)
