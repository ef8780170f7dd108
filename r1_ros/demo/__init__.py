"""The demo: a recording is played, mapped, asked about and planned for, by real nodes."""
