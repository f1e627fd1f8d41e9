"""The state of a job from its folder, also while it runs: its record, and how much of its plan is done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from leverkit.errors import UsageError
from leverkit.migration.result import TRIED
from leverkit.notebook.job.run_record import RunRecord
from leverkit.notebook.job.shown import run_of
from leverkit.report.text import count


def state(folder: Path) -> tuple[RunRecord, str]:
    """Return the record of a job and its state in a line; of one that runs, as its notebook is by now.

    Raises UsageError where the folder holds no record.
    """
    record, cells = RunRecord.read(folder), ""
    if record.status in ("running", "died") and (notebook := _partial(folder)):
        record = msgspec.structs.replace(record, **run_of(notebook))
        cells = _cells(notebook)
    return record, "; ".join(filter(None, [record.summary, cells, _done(record)]))


def _partial(folder: Path) -> Any:
    """Return the notebook as the running job, or the one that was killed, wrote it last; None without one."""
    from leverkit.notebook.job.runner import read_notebook

    for path in folder.glob("*.partial.ipynb"):
        try:
            return read_notebook(path)
        except UsageError:
            return None  # nothing was written yet
    return None


def _cells(notebook: Any) -> str:
    """Return how many cells with code have ended."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    ended = sum(cell.metadata.get("papermill", {}).get("status") == "completed" for cell in code)
    return f"{ended:,} of {count(len(code), 'cell')} ended"


def _done(record: RunRecord) -> str:
    planned = sum(record.counts.values())
    done = sum(record.counts.get(name, 0) for name in TRIED)
    return f"{done:,} of {count(planned, 'planned change')} done" if planned else ""
