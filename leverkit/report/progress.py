"""Show the progress of a long step: in a notebook, on a terminal, or as a line every ten seconds in a log.

In a notebook it is a display that is updated, not a widget, so that the saved file keeps the last state.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Protocol, Self, TextIO

from leverkit.report.html import Html
from leverkit.report.text import count

SECONDS_BETWEEN = {"notebook": 0.2, "terminal": 0.2, "log": 10.0}


class Screen(Protocol):
    """A place that shows progress."""

    kind: str

    def show(self, progress: Progress) -> None:
        """Replace the state shown before by that of `progress`."""

    def end(self) -> None:
        """End the display; the last state stays. In a notebook and a log nothing is to be done."""
        return


class Progress:
    """How much is done: `done` of `total` (if known); `rate` shows the speed, `estimate` the time left.

    `unit` is what is counted, one of it, where the label does not say it.
    """

    def __init__(
        self,
        label: str,
        total: int | None = None,
        *,
        rate: bool = True,
        estimate: bool = True,
        unit: str = "",
        screen: Screen | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.label, self.total, self._unit = label, total, unit
        self.done, self.note, self._rate, self._estimate = 0, "", rate, estimate
        self._screen, self._clock = screen or _screen(), clock
        self._began = clock()
        self._shown = float("-inf")
        self._closed = False

    def update(self, done: int, note: str = "", *, total: int | None = None) -> None:
        """Set how much is done, with a note; shown a few times a second at most."""
        self.done, self.note, self.total = done, note, total or self.total
        if self._clock() - self._shown >= SECONDS_BETWEEN[self._screen.kind]:
            self._show()

    def close(self) -> None:
        """Show the last state and end the display."""
        if not self._closed:
            self._closed = True
            self._show()
            self._screen.end()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    @property
    def text(self) -> str:
        """Return the state in one line."""
        seconds = self._clock() - self._began
        share = f"{self.done:,} of {self._number(self.total)}" if self.total else self._number(self.done)
        parts = [f"{self.label}: {share}", self.note]
        if self._rate and seconds >= 1 and self.done:
            parts.append(f"{self.done / seconds:.1f}{self._unit and f' {self._nouns}'}/s")
        if self._closed:
            parts.append(f"in {_duration(seconds)}")
        elif self._estimate and self.total and seconds >= 1 and 0 < self.done < self.total:
            parts.append(f"{_duration(seconds * (self.total - self.done) / self.done)} to go")
        return ", ".join(part for part in parts if part)

    def _repr_html_(self) -> str:
        value = f' value="{min(self.done, self.total)}" max="{self.total}"' if self.total else ""
        if self._closed and not self.total:
            value = ' value="1" max="1"'
        markup = Html('<progress{} aria-label="{}"></progress> <span>{}</span>')
        return markup.format(Html(value), self.label, self.text)

    def __repr__(self) -> str:
        return self.text

    def _number(self, number: int) -> str:
        if not self._unit:
            return f"{number:,}"
        return count(number, self._unit, self._nouns)

    @property
    def _nouns(self) -> str:
        return "people" if self._unit == "person" else f"{self._unit}s"

    def _show(self) -> None:
        self._shown = self._clock()
        self._screen.show(self)


def progress(
    label: str, total: int | None = None, *, rate: bool = True, estimate: bool = True, unit: str = ""
) -> Progress:
    """Return a progress display for the notebook, terminal or log that this process writes to."""
    return Progress(label, total, rate=rate, estimate=estimate, unit=unit)


class Notebook(Screen):
    """The display of a Jupyter kernel, updated in place."""

    kind = "notebook"

    def __init__(self, display: Callable[..., Any]) -> None:
        self._display, self._handle = display, None

    def show(self, progress: Progress) -> None:
        """Display, or update what is displayed."""
        if self._handle is None:
            self._handle = self._display(progress, display_id=True)
        else:
            self._handle.update(progress)


class Terminal(Screen):
    """A line that is overwritten."""

    kind = "terminal"

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def show(self, progress: Progress) -> None:
        """Overwrite the line."""
        self._stream.write(f"\r\x1b[K{progress.text[: shutil.get_terminal_size().columns - 1]}")
        self._stream.flush()

    def end(self) -> None:
        """Begin a new line."""
        self._stream.write("\n")
        self._stream.flush()


class Log(Screen):
    """A line every ten seconds, for the logs of schedulers."""

    kind = "log"

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def show(self, progress: Progress) -> None:
        """Write a line."""
        print(progress.text, file=self._stream, flush=True)


def _screen() -> Screen:
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if shell is not None and hasattr(shell, "kernel"):
        return Notebook(sys.modules["IPython.display"].display)
    return Terminal(sys.stderr) if sys.stderr.isatty() else Log(sys.stderr)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
