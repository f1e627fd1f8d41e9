"""The CSV files with all rows of the tables on a page: copied beside it, and linked from it."""

from __future__ import annotations

import re
from collections.abc import Collection
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import quote

from leverkit.notebook.job.shown import shown
from leverkit.report.html import Html

_MARK = re.compile(r'<p class="more" data-rows="([^"]*)">[^<]*</p>')  # as `report.html.table` writes it
_LINK = Html('<p class="more"><a href="{}">All rows: {}</a></p>')


def row_files(executed: Any, stem: str) -> dict[str, bytes]:
    """Return the files that an executed notebook names, by the name of their copy beside the page.

    The name begins with that of the notebook: a policy.csv that lies in the folder is no copy.
    """
    named = dict.fromkeys(
        Path(unescape(path)) for path in _MARK.findall(" ".join(map(shown, executed.cells)))
    )
    return {_copy(path, stem): path.read_bytes() for path in named if path.is_file()}


def linked(page: str, stem: str, copied: Collection[str]) -> str:
    """Return a page with links to the copies, and without the paths that the notebook had."""

    def link(found: re.Match[str]) -> str:
        name = _copy(Path(unescape(found[1])), stem)
        return str(_LINK.format(quote(name), name)) if name in copied else ""

    return _MARK.sub(link, page)


def _copy(path: Path, stem: str) -> str:
    return f"{stem}-{path.name}"
