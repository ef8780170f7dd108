"""What may become a plan: commands, prohibitions, and steps that both allow."""
