"""Every object of the room in a sentence, as soon as it is described."""

from r1_ros.client import R1Client


def show(feedback) -> None:
    """Print the objects that are new."""
    for item in feedback.objects:
        print(f"{item.label}: {item.description}")


with R1Client() as robot:
    result = robot.describe(on_feedback=show)
    print(len(result.objects), "objects")
