"""WaitNotices for Lever are told: why, how long, since when, and not too often."""

from __future__ import annotations

from threading import Thread

import pytest

from leverkit.api.http import WaitNotices


class Told:
    """WaitNotices with a clock of its own, and what was said."""

    def __init__(self) -> None:
        self.now, self.lines = 0.0, list[str]()
        self.waits = WaitNotices(self.lines.append, clock=lambda: self.now)

    def at(self, now: float, seconds: float) -> list[str]:
        """Wait at a time; return what was said of it."""
        self.now, before = now, len(self.lines)
        self.waits.start("refused", seconds)
        return self.lines[before:]


def test_a_wait_that_is_worth_a_word_is_told_once_in_ten_seconds() -> None:
    told = Told()
    assert told.at(0.0, 0.5) == []
    assert told.at(1.0, 2.0) == ["refused: waiting 2 s before the next try, 1 s so far"]
    assert told.at(10.9, 30.0) == []
    assert told.at(11.0, 30.0) == ["refused: waiting 30 s before the next try, 11 s so far"]


def test_a_success_begins_anew() -> None:
    told = Told()
    told.at(0.0, 1.0)
    told.waits.stop()
    assert told.at(20.0, 1.0) == []
    assert told.at(40.0, 4.0) == ["refused: waiting 4 s before the next try, 20 s so far"]


def test_a_success_of_one_thread_does_not_come_between_while_another_notes_its_wait() -> None:
    blocked: list[bool] = []

    def clock() -> float:
        success = Thread(target=waits.stop)
        success.start()
        success.join(0.1)
        blocked.append(success.is_alive())
        return 0.0

    waits = WaitNotices(lambda _: None, clock=clock)
    waits.start("refused", 1.0)
    waits.start("refused", 1.0)
    assert blocked == [False, True]  # nothing to forget at first, so nothing to wait for


def test_a_line_goes_to_stderr_and_on_a_terminal_takes_the_place_of_the_progress(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    WaitNotices().start("refused", 5.0)
    assert capsys.readouterr().err == "refused: waiting 5 s before the next try\n"
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    WaitNotices().start("refused", 5.0)
    assert capsys.readouterr().err == "\r\x1b[Krefused: waiting 5 s before the next try\n"
