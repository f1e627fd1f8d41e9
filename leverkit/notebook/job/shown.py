"""What an executed notebook shows, for the record of its job: its run, its verdict, the next step."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from typing import Any

from leverkit.errors import LeverkitError
from leverkit.migration.result import status
from leverkit.migration.run import Run

HEADLINE = "headline"  # tag of the cell whose result is the title of the page


def run_of(executed: Any) -> dict[str, Any]:
    """Return which run the notebook worked on, and its state; nothing where it worked on none."""
    found = re.search('data-run="([^"]*)"', " ".join(shown(cell) for cell in executed.cells))
    if not found:
        return {}
    try:
        run = Run.open(Path(unescape(found[1])))
    except LeverkitError:
        return {}
    where = {"account": run.plan.account, "plan_id": run.plan.plan_id, "run_folder": str(run.folder)}
    return {**where, "counts": status(run).counts}


def headline_of(executed: Any) -> str:
    """Return what the cells tagged headline show, as plain text; empty where none was run."""
    cells = [cell for cell in executed.cells if HEADLINE in cell.metadata.get("tags", [])]
    return _plain(" ".join(map(shown, cells)))


def shown(cell: Any) -> str:
    """Return the markup that a cell shows."""
    return " ".join("".join(out.get("data", {}).get("text/html", "")) for out in cell.get("outputs", []))


def _plain(markup: str) -> str:
    return unescape(re.sub("<[^>]*>", "", markup)).strip()


def next_of(executed: Any) -> str:
    """Return what the code cell with the id `next` shows, as plain text; empty without one."""
    return _plain(" ".join(shown(cell) for cell in executed.cells if cell.get("id") == "next"))
