"""Plan a goal, look at the steps, carry them out."""

from r1_ros.client import R1Client, RequestFailedError

with R1Client() as robot:
    plan = robot.plan("Prepare the coffee table for coffee.")
    for step in plan.steps:
        print(f"{step.index}. {step.action}({', '.join(step.arguments)}): {step.text}")
    try:
        robot.execute_plan(plan, on_feedback=lambda f: print(f"{f.step.index}: {f.status}"))
    except RequestFailedError as error:
        print(f"step {error.result.failed_step} failed: {error}")
