"""One more test of each notebook that nbval executes: what is committed is what `make notebooks` would write.

nbval compares the outputs of tagged cells as it receives them. Here all are compared, with displays that were
updated later, from the messages of the same kernel: executing each notebook again would double the time.
"""

from __future__ import annotations

import difflib
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionComplete
from nbval.plugin import IPyNbFile
from refresh_notebooks import as_committed


class CommittedPage(pytest.Item):
    """Compares a notebook's file with what its kernel has sent to nbval."""

    def __init__(self, *, parent: IPyNbFile, **options: Any) -> None:
        super().__init__(parent=parent, **options)
        self._messages: list[dict[str, Any]] = []
        receive = parent.get_kernel_message

        def receive_and_keep(**options: Any) -> dict[str, Any]:
            self._messages.append(message := receive(**options))
            return message

        parent.get_kernel_message = receive_and_keep

    def runtest(self) -> None:
        """Fail with the lines that differ."""
        committed = json.loads(self.path.read_text(encoding="utf-8"))
        today = as_committed(self._executed(), Path(os.environ["LEVERKIT_WORKSPACE"]))
        lines = [_steady(page).splitlines() for page in (committed, today)]
        if differing := list(difflib.unified_diff(*lines, "committed", "today", lineterm="")):
            pytest.fail("\n".join(differing), pytrace=False)

    def _executed(self) -> Any:
        """Return the notebook with the outputs of nbval's kernel, as nbclient makes outputs of messages."""
        page = nbformat.read(self.path, as_version=4)
        client, messages = NotebookClient(page, record_timing=False), self._of_cells()
        code = [(index, cell) for index, cell in enumerate(page.cells) if cell.cell_type == "code"]
        for number, (index, cell) in enumerate(code, 1):
            cell.outputs, client.clear_before_next_output = [], False
            _replay(client, messages, cell, index)
            _number(cell, number)
        return page

    def _of_cells(self) -> Iterator[dict[str, Any]]:
        """Yield the messages that answer to the execution of a cell."""
        asked = {_request(message) for message in self._messages if message["msg_type"] == "execute_input"}
        return (message for message in self._messages if _request(message) in asked)


def add_committed_pages(items: list[pytest.Item]) -> None:
    """Add the comparison behind the cells of each notebook of which all cells are executed."""
    files = {item.parent: None for item in items if isinstance(item.parent, IPyNbFile)}
    for file in files:
        places = [place for place, item in enumerate(items) if item.parent is file]
        if len(places) == sum(cell.cell_type == "code" for cell in file.nb.cells):
            name = "what is committed is what the page shows today"
            items.insert(places[-1] + 1, CommittedPage.from_parent(file, name=name))


def _replay(client: NotebookClient, messages: Iterator[dict[str, Any]], cell: Any, index: int) -> None:
    for message in messages:
        try:
            client.process_message(message, cell, index)
        except CellExecutionComplete:
            return


def _number(cell: Any, number: int) -> None:
    """Do what nbval's kernel does not, which keeps no history: count cells, and honour a semicolon."""
    if cell.source.endswith(";"):
        cell.outputs = [output for output in cell.outputs if output.output_type != "execute_result"]
    cell.execution_count = number
    for output in cell.outputs:
        if "execution_count" in output:
            output.execution_count = number


def _request(message: dict[str, Any]) -> str:
    return str(message["parent_header"].get("msg_id"))


def _steady(page: dict[str, Any]) -> str:
    """Return a notebook without what depends on the machine: versions, and pictures but for their words."""
    machine = r'"image/png": "[^"]+"|base64,[\w+/=]+|\b\d+\.\d+\.\d+\b'
    return re.sub(machine, "-", json.dumps(page, indent=1))
