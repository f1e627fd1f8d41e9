"""How far a job is: the cell that runs, what it reports, and nothing that holds a key."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from typing import Any

import nbformat
import pytest

from leverkit.notebook.job import watching
from leverkit.notebook.job.watching import reported, watched
from leverkit.report.progress import Log, Progress


def cell(*outputs: Any) -> Any:
    made = nbformat.v4.new_code_cell("pass")
    made.outputs = list(outputs)
    return made


def progress(text: str) -> Any:
    html = "<progress></progress>"
    return nbformat.v4.new_output("display_data", {"text/html": html, "text/plain": text})


def stderr(text: str) -> Any:
    return nbformat.v4.new_output("stream", name="stderr", text=text)


@pytest.mark.parametrize(
    ("outputs", "says"),
    [
        ((), ""),
        ((progress("apply: 4 of 9"),), "apply: 4 of 9"),
        ((progress("apply: 4 of 9"), stderr("Lever asks to wait\nfor 7 s\n")), "for 7 s"),
        ((stderr("early\n"), progress("verify: 1 of 2"), stderr(" \n")), "verify: 1 of 2"),
        ((nbformat.v4.new_output("stream", name="stdout", text="printed"),), ""),
    ],
)
def test_a_cell_reports_its_last_progress_or_line_of_stderr(outputs: tuple[Any, ...], says: str) -> None:
    assert reported(cell(*outputs)) == says


def lines(
    monkeypatch: pytest.MonkeyPatch, work: Callable[[Callable[..., None], Callable[[], None]], None]
) -> list[str]:
    """Return the lines that watching some work writes to a log, of which each look is waited for."""
    monkeypatch.setattr(watching, "SECONDS_BETWEEN", 0.001)
    clock, out = iter(range(0, 10**9, 60)), io.StringIO()
    shown = Progress(
        "job, cell", rate=False, estimate=False, screen=Log(out), clock=lambda: float(next(clock))
    )

    def looked() -> None:
        before = out.tell()
        while out.tell() == before:
            time.sleep(0.001)

    with watched(3, shown, lambda text: "canary" in text) as begins:
        assert begins is not None
        work(begins, looked)
    return out.getvalue().splitlines()


def test_the_log_says_which_cell_runs_and_what_it_reports(monkeypatch: pytest.MonkeyPatch) -> None:
    def work(begins: Callable[..., None], looked: Callable[[], None]) -> None:
        begins(cell=nbformat.v4.new_markdown_cell("# Title"), cell_index=0)
        begins(cell=(first := cell()), cell_index=1)
        first.outputs.append(progress("apply: 4 of 9\x1b[2J"))
        looked()
        looked()
        begins(cell=cell(stderr("the canary")), cell_index=2)
        looked()
        looked()

    found = lines(monkeypatch, work)
    assert "job, cell: 1 of 3, apply: 4 of 9\\x1b[2J" in found
    assert "job, cell: 2 of 3" in found
    assert "canary" not in " ".join(found)
    assert found[-1].startswith("job, cell: 2 of 3, in ")


def test_without_a_display_nothing_is_watched() -> None:
    with watched(3, None, lambda _: False) as begins:
        assert begins is None
