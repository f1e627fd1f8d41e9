"""The report of an executed notebook: one HTML file without code, script or network requests."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from typing import Any

from leverkit.notebook.run_record import RunRecord
from leverkit.report.html import TEMPLATES

LEFT_OUT = {"parameters", "injected-parameters", "papermill-error-cell-tag", "remove-cell"}
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


def render(notebook: Any, record: RunRecord) -> str:
    """Return an executed notebook as a page for people who do not read code."""
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
    facts = {"title": title(notebook), "record": record}
    body, _ = exporter.from_notebook_node(notebook, resources={"leverkit": facts})
    return _accessible(str(body))


def _accessible(body: str) -> str:
    """Remove what disturbs screen readers: empty heads, checkboxes without name, landmarks of equal name."""
    body = _CHECKBOX.sub('<span aria-hidden="true">☐ </span>', _EMPTY_HEAD.sub("", body))
    return body.replace(' role="region"', ' role="group"')


def _executed_part(notebook: Any) -> Any:
    """Return a notebook up to its last cell that was run: later text describes results that do not exist."""
    run = [number for number, cell in enumerate(notebook.cells) if cell.get("execution_count")]
    reached = type(notebook)(notebook)
    reached.cells = notebook.cells[: max(run, default=0) + 1]
    return reached
