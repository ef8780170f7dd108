"""The paper's second half at r1-tiny's size: SFT on a limited set, its control, and GRPO."""
