"""The page of a notebook says nothing to a screen reader that has no meaning."""

from __future__ import annotations

from pathlib import Path

import msgspec
import nbformat

from leverkit.notebook.html_page import render
from leverkit.notebook.run_record import RunRecord
from leverkit.settings import Settings

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "50_update_your_integration.ipynb"


def test_no_table_has_an_empty_head_no_box_lacks_a_name_and_no_two_landmarks_share_one() -> None:
    record = msgspec.structs.replace(RunRecord.begin(NOTEBOOK, {}, Settings(), attempt=1), status="done")
    text = render(nbformat.read(NOTEBOOK, as_version=4), record)
    assert "☐" in text
    assert '<table class="leverkit">' in text
    assert [bad for bad in ("<input", "<th></th>", 'role="region"') if bad in text] == []
