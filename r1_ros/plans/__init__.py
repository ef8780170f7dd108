"""Plans are carried out: the runner, and the robots that it commands."""
