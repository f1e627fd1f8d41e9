"""The report of an executed notebook: one HTML file without code, script or network requests."""

from __future__ import annotations

import re
from collections.abc import Collection
from importlib.resources import files
from pathlib import Path
from typing import Any

from leverkit.notebook.job.run_record import RunRecord
from leverkit.notebook.job.shown import HEADLINE, headline_of
from leverkit.notebook.job.table_rows import linked
from leverkit.report.html import TEMPLATES
from leverkit.report.masthead import Masthead

FAILED = "papermill-error-cell-tag"  # tag of the cell that says so; the page has a banner
LEFT_OUT = {"parameters", "injected-parameters", FAILED, "remove-cell", HEADLINE}
# Markdown has no table without a head; screen readers announce an empty one.
_EMPTY_HEAD = re.compile(r"<thead>\s*<tr>\s*(?:<th[^>]*>\s*</th>\s*)+</tr>\s*</thead>")
_CHECKBOX = re.compile(r'<input[^>]*class="task-list-item-checkbox"[^>]*>')
SHOWN = ["text/html", "image/png", "text/markdown", "text/plain"]


def title(notebook: Any) -> str:
    """Return the first heading of a notebook."""
    lines = [
        line for cell in notebook.cells if cell.cell_type == "markdown" for line in cell.source.splitlines()
    ]
    return next((line.lstrip("# ") for line in lines if line.startswith("#")), "Report")


def render(notebook: Any, record: RunRecord, copied: Collection[str] = ()) -> str:
    """Return an executed notebook as a page for people who do not read code.

    `copied` are the names of the files beside it that hold all rows of its tables.
    """
    from nbconvert import HTMLExporter
    from traitlets.config import Config

    folder = Path(str(files("leverkit.notebook"))) / "templates"
    settings = Config()
    settings.NbConvertBase.display_data_priority = SHOWN
    settings.TagRemovePreprocessor.remove_cell_tags = LEFT_OUT
    settings.TagRemovePreprocessor.enabled = True
    settings.CoalesceStreamsPreprocessor.enabled = True
    exporter = HTMLExporter(  # type: ignore[no-untyped-call]
        config=settings,
        extra_template_basedirs=[str(folder)],
        extra_template_paths=[str(TEMPLATES)],
        template_name="nbconvert",
        exclude_input=True,
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        exclude_anchor_links=True,
    )
    notebook = notebook if record.status == "done" else _executed_part(notebook)
    name, verdict = title(notebook), headline_of(notebook)
    began = record.started_at[:16].replace("T", " ")
    head = Masthead(record.account_name, record.account, record.host, record.demo, began)
    facts = {
        "title": verdict or name,
        "name": name if verdict else "",
        "record": record,
        "masthead": head.html,
    }
    body, _ = exporter.from_notebook_node(_as_page(notebook), resources={"leverkit": facts})
    return _accessible(linked(str(body), Path(record.notebook).stem, copied))


def _accessible(body: str) -> str:
    """Remove what disturbs screen readers: empty heads, checkboxes without name, landmarks of equal name."""
    body = _CHECKBOX.sub('<span aria-hidden="true">☐ </span>', _EMPTY_HEAD.sub("", body))
    return body.replace(' role="region"', ' role="group"')


def _as_page(notebook: Any) -> Any:
    """Return a notebook whose first cell, what it is for, is its last section; without empty sections."""
    page = type(notebook)(notebook)
    first, *rest = [cell for cell in notebook.cells if FAILED not in cell.metadata.get("tags", [])]
    about = first.source.split("\n", 1)
    if first.cell_type != "markdown" or not about[0].startswith("# "):
        return page
    sections = _sections(rest)
    last = type(first)(first, source=f"## About this page\n{about[1] if len(about) > 1 else ''}")
    page.cells = [cell for section in sections if _says_something(section) for cell in section] + [last]
    return page


def _sections(cells: list[Any]) -> list[list[Any]]:
    """Return the cells in sections, each but the first beginning with its heading."""
    sections: list[list[Any]] = [[]]
    for cell in cells:
        if cell.cell_type == "markdown" and cell.source.startswith("## "):
            sections.append([])
        sections[-1].append(cell)
    return sections


def _says_something(section: list[Any]) -> bool:
    """Return True if a section has text only, or a result that the page shows."""
    results = [cell for cell in section if cell.cell_type == "code"]
    return not results or any(
        cell.get("outputs") and not LEFT_OUT.intersection(cell.metadata.get("tags", [])) for cell in results
    )


def _executed_part(notebook: Any) -> Any:
    """Return a notebook up to its last cell that was run: later text describes results that do not exist."""
    run = [number for number, cell in enumerate(notebook.cells) if cell.get("execution_count")]
    reached = type(notebook)(notebook)
    reached.cells = notebook.cells[: max(run, default=0) + 1]
    return reached
