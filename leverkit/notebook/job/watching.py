"""How far a running notebook is: which of its cells, and what that cell itself reports."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from leverkit.report.progress import Progress
from leverkit.report.text import plain

SECONDS_BETWEEN = 1.0  # looks at the outputs of the cell that runs
IsSecret = Callable[[str], bool]


@contextmanager
def watched(cells: int, shown: Progress | None, is_secret: IsSecret) -> Iterator[Callable[..., None] | None]:
    """Show how far a notebook is until the end of the block; yields what is called when a cell begins.

    A report with a secret in it is not shown.
    """
    if shown is None:
        yield None
        return
    watch, over = _Watch(cells, shown, is_secret), threading.Event()

    def look() -> None:
        while not over.wait(SECONDS_BETWEEN):
            watch.show()

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield watch.begins
    finally:
        over.set()
        thread.join()
        watch.show()
        shown.close()


class _Watch:
    """The cell that runs, and its number among the cells with code."""

    def __init__(self, cells: int, shown: Progress, is_secret: IsSecret) -> None:
        self._shown, self._total, self._is_secret = shown, cells, is_secret
        self._number, self._cell = 0, None

    def begins(self, cell: Any, cell_index: int) -> None:
        """Note that a cell begins: its number counts those with code."""
        if cell.cell_type == "code":
            self._number, self._cell = self._number + 1, cell

    def show(self) -> None:
        """Show the number of the cell and its report."""
        report = plain(reported(self._cell)) if self._cell is not None else ""
        self._shown.update(self._number, "" if self._is_secret(report) else report, total=self._total)


def reported(cell: Any) -> str:
    """Return the last progress that a cell displays, or the last line that it wrote to stderr."""
    for output in reversed(list(cell.get("outputs", []))):
        data = output.get("data", {})
        if "<progress" in "".join(data.get("text/html", "")):
            return "".join(data.get("text/plain", ""))
        if output.get("name") == "stderr" and (text := "".join(output["text"]).strip()):
            return text.splitlines()[-1]
    return ""
