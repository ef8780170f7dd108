"""Group relative policy optimisation (GRPO): TRL's trainer, on answers that are sampled here."""
