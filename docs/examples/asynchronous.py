"""With asyncio: several questions at once, and a plan that is stopped when it takes too long."""

import asyncio

from r1_ros import AsyncR1Client


async def main() -> None:
    """Ask two things at once, then plan and carry out for at most two minutes."""
    async with AsyncR1Client() as robot:
        lamp, chairs = await asyncio.gather(
            robot.locate("the desk lamp"), robot.ask("How many chairs are there?")
        )
        print(f"{len(lamp.objects)} desk lamp(s). {chairs.answer}")
        plan = await robot.plan("Put the desk lamp on the desk.")
        try:
            async with asyncio.timeout(120):  # what is cancelled here stops on the robot, too
                done = await robot.execute_plan(plan, on_feedback=lambda f: print(f.status))
        except TimeoutError:
            print("stopped: it took too long")
        else:
            print(f"done: {done.steps_done} steps")


asyncio.run(main())
