"""How long to fuzz: a little in `make test`, R1_FUZZ times as much by `make fuzz`."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

TIMES = int(os.environ.get("R1_FUZZ", "1"))
settings.register_profile(
    "fuzz",
    max_examples=60 * TIMES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=TIMES == 1,  # `make test` tries the same ones every time
)
settings.load_profile("fuzz")
