"""What is where: things that keep their ids over map versions, passes and restarts."""
