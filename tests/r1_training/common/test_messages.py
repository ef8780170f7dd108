from rich.console import Console

from r1_training.common.messages import say, say_error


def test_brackets_are_no_markup(capsys):
    say_error("boxes must be finite, got [nan, nan]; [/b] is no tag\nof Rich")
    assert capsys.readouterr().err == (
        "error: boxes must be finite, got [nan, nan]; [/b] is no tag of Rich\n"
    )
    say(Console(), "a[1].json: done")
    assert capsys.readouterr().out == "a[1].json: done\n"
