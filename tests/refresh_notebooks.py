"""Execute the committed notebooks, each in its account, and write them back normalised: `make notebooks`.

Outputs stay in, so that readers see results and nbval has something to compare. What differs from run to run
is taken out or made the same, so that running this again changes no byte.
"""

from __future__ import annotations

import calendar
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from support.notebook_accounts import NOTEBOOKS, notebook_account
from traitlets.config import Config

Change = Callable[[str], str]
MONTHS = "|".join(calendar.month_name[1:])
VARIABLE = (
    (re.compile(r",? \d+(\.\d+)?( \w+)?/s\b"), ""),
    (re.compile(r", in (\d+ min )?\d+ s\b"), ""),
    (re.compile(r"\b\d+ pages?, "), ""),
    (re.compile(r"127\.0\.0\.1:\d+"), "127.0.0.1"),
    (re.compile(rf"\b\d{{1,2}} ({MONTHS}) \d{{4}}\b"), "27 November 2026"),  # of readings, so of today
)
WIDGET = (
    "application/vnd.jupyter.widget-view+json"  # its model ends with the kernel; the table beside it stays
)
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def executed(path: Path) -> dict[str, Any]:
    """Execute a notebook in its account and return it normalised."""
    settings = Config()
    settings.KernelManager.transport_encryption = "auto"
    notebook = nbformat.read(path, as_version=4)
    with notebook_account(path.stem) as workspace:
        NotebookClient(notebook, kernel_name="python3", config=settings, resources=_at(path)).execute()
        return as_committed(notebook, workspace)


def as_committed(notebook: Any, workspace: Path) -> dict[str, Any]:
    """Return a notebook that was executed in a workspace, normalised."""
    ids = _plan_ids(workspace)
    return normalised(notebook, lambda text: steady(text, workspace, ids))


def normalised(notebook: Any, change: Change) -> dict[str, Any]:
    """Return a notebook with tags as the only metadata of cells, and outputs passed through `change`."""
    cells = [_cell(cell, change) for cell in notebook.cells]
    about = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    return {"cells": cells, "metadata": about, "nbformat": 4, "nbformat_minor": 5}


def steady(text: str, workspace: Path, ids: list[str]) -> str:
    """Return output without durations, ports and temporary folders, and with days and plan ids that stay."""
    text = text.replace(str(workspace), "~/leverkit")
    for pattern, instead in VARIABLE:
        text = pattern.sub(instead, text)
    for number, identifier in enumerate(ids, 1):
        text = text.replace(identifier, f"{number:x}" * len(identifier))
    return text


def written(notebook: dict[str, Any]) -> str:
    """Return a notebook as the text of its file."""
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def main() -> int:
    """Refresh all notebooks; returns 0."""
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        text = written(executed(path))
        changed = text != path.read_text(encoding="utf-8")
        path.write_text(text, encoding="utf-8")
        print(f"{'written' if changed else 'same   '}  {path.name}")
    return 0


def _at(path: Path) -> dict[str, Any]:
    return {"metadata": {"path": str(path.parent)}}


def _plan_ids(workspace: Path) -> list[str]:
    """Return the ids of the plans in a workspace, oldest first: they depend on the time of writing."""
    plans = sorted(workspace.glob("*/runs/*/plan.json"), key=lambda path: path.stat().st_mtime_ns)
    return [str(json.loads(path.read_text(encoding="utf-8"))["plan_id"])[:12] for path in plans]


def _cell(cell: Any, change: Change) -> dict[str, Any]:
    tags = cell.metadata.get("tags", [])
    lines = cell.source.splitlines(keepends=True)
    made = {"cell_type": cell.cell_type, "id": cell.id, "metadata": {"tags": tags} if tags else {}}
    if cell.cell_type == "code":
        outputs = [_output(output, change) for output in cell.outputs]
        made |= {"execution_count": cell.execution_count, "outputs": outputs}
    return dict(sorted((made | {"source": lines}).items()))


def _output(output: Any, change: Change) -> dict[str, Any]:
    made = dict(output)
    made.pop("transient", None)
    if "text" in made:
        made["text"] = change(made["text"]).splitlines(keepends=True)
    if "data" in made:
        shown = sorted(item for item in made["data"].items() if item[0] != WIDGET)
        made["data"] = {kind: _data(kind, data, change) for kind, data in shown}
    return dict(sorted(made.items()))


def _data(kind: str, data: Any, change: Change) -> Any:
    return data if kind == "image/png" else change(data).splitlines(keepends=True)


if __name__ == "__main__":
    sys.exit(main())
