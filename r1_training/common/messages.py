"""What commands say about files of others: their names and values are no markup of Rich."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text


def say(console: Console, message: object, label: str = "", style: str = "red") -> None:
    """One line, with a coloured label in front; brackets in it stay as they are.

    Rich takes `[nan, nan]` in a text for a style, and drops it or fails at it.
    """
    line = " ".join(str(message).splitlines())
    text = Text.assemble((f"{label}: ", style), line) if label else Text(line)
    console.print(text, highlight=False, soft_wrap=True)


def say_error(message: object) -> None:
    """The line in which a command says on stderr why it ends."""
    say(Console(stderr=True), message, "error")
