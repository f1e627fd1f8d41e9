"""Progress: one line that says enough, shown neither too often nor too late."""

from __future__ import annotations

import io
import subprocess
import sys

import pytest

from leverkit.report.progress import Log, Notebook, Progress, Terminal


class Recorder:
    """A screen that keeps what it was shown."""

    kind = "notebook"

    def __init__(self) -> None:
        self.shown: list[str] = []
        self.ended = False

    def show(self, progress: Progress) -> None:
        self.shown.append(progress.text)

    def end(self) -> None:
        self.ended = True


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_line_tells_share_speed_and_what_is_left() -> None:
    clock = Clock()
    shown = Progress("verify", 1000, screen=Recorder(), clock=clock)
    clock.now = 10
    shown.update(100, "2 drifted")
    assert shown.text == "verify: 100 of 1,000, 2 drifted, 10.0/s, 1 min 30 s to go"


def test_the_line_says_what_is_counted() -> None:
    clock = Clock()
    shown = Progress("verify", 1, unit="person", screen=Recorder(), clock=clock)
    shown.update(1)
    assert shown.text == "verify: 1 of 1 person"
    shown.update(40, total=1200)
    clock.now = 10
    assert shown.text == "verify: 40 of 1,200 people, 4.0 people/s, 4 min 50 s to go"
    assert Progress("verify", 0, unit="person", screen=Recorder(), clock=clock).text == "verify: 0 people"


def test_a_rate_that_would_be_of_something_else_is_left_out() -> None:
    clock = Clock()
    shown = Progress("apply", 1000, rate=False, screen=Recorder(), clock=clock)
    clock.now = 10
    shown.update(100)
    assert shown.text == "apply: 100 of 1,000, 1 min 30 s to go"


def test_without_a_total_no_time_left_is_invented() -> None:
    clock = Clock()
    shown = Progress("pull", unit="page", screen=Recorder(), clock=clock)
    clock.now = 4
    shown.update(38)
    assert shown.text == "pull: 38 pages, 9.5 pages/s"


def test_a_total_may_become_known_later() -> None:
    shown = Progress("pull", screen=Recorder(), clock=Clock())
    shown.update(1, total=4)
    assert shown.text == "pull: 1 of 4"


def test_updates_are_at_most_five_a_second_and_the_last_is_always_shown() -> None:
    clock, screen = Clock(), Recorder()
    with Progress("x", 1000, screen=screen, clock=clock) as shown:
        for number in range(1000):
            clock.now += 0.001
            shown.update(number + 1)
    assert len(screen.shown) <= 7
    assert screen.shown[-1].startswith("x: 1,000 of 1,000")
    assert screen.ended


def test_closing_twice_shows_once() -> None:
    screen = Recorder()
    shown = Progress("x", screen=screen, clock=Clock())
    shown.close()
    shown.close()
    assert len(screen.shown) == 1


def test_a_log_gets_a_line_every_ten_seconds() -> None:
    clock, stream = Clock(), io.StringIO()
    shown = Progress("x", screen=Log(stream), clock=clock)
    for second in range(30):
        clock.now = second
        shown.update(second)
    assert stream.getvalue().count("\n") == 3


def test_a_terminal_line_is_written_over() -> None:
    stream = io.StringIO()
    with Progress("x", screen=Terminal(stream), clock=Clock()) as shown:
        shown.update(1)
    assert stream.getvalue().count("\r") == 2
    assert stream.getvalue().count("\n") == 1


def test_a_notebook_keeps_one_display_with_the_last_state() -> None:
    states: list[str] = []

    class Handle:
        def update(self, progress: Progress) -> None:
            states.append(progress._repr_html_())

    def display(progress: Progress, *, display_id: bool) -> Handle:
        assert display_id
        states.append(progress._repr_html_())
        return Handle()

    clock = Clock()
    with Progress("<b>", 2, screen=Notebook(display), clock=clock) as shown:
        shown.update(1)
        shown.update(2, "all & done")
    assert states[0].startswith('<progress value="1" max="2"')
    assert "all &amp; done" in states[-1]
    assert "<b>" not in "".join(states)


@pytest.mark.parametrize("total", [None, 10])
def test_a_closed_bar_does_not_look_as_if_it_went_on(total: int | None) -> None:
    shown = Progress("x", total, screen=Recorder(), clock=Clock())
    shown.update(10)
    shown.close()
    assert " value=" in shown._repr_html_()


def test_a_plain_process_shows_lines_on_stderr_and_loads_no_ipython() -> None:
    show = "from leverkit.report.progress import progress; progress('x', 3).close()"
    code = f"import sys; {show}; print('IPython' in sys.modules)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout == "False\n"
    assert ended.stderr.startswith("x: 0 of 3")
