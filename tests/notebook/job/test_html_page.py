"""The page of a notebook says nothing to a screen reader that has no meaning."""

from __future__ import annotations

from pathlib import Path

import msgspec
import nbformat

from leverkit.notebook.job.html_page import FAILED, render
from leverkit.notebook.job.run_record import RunRecord
from leverkit.settings import Settings

NOTEBOOK = Path(__file__).parents[3] / "notebooks" / "50_update_your_integration.ipynb"


def page_of(notebook: object) -> str:
    record = RunRecord.begin(NOTEBOOK, {}, Settings(account_name="Acme"), attempt=1)
    return render(notebook, msgspec.structs.replace(record, status="done"))


def test_the_verdict_is_the_title_what_it_is_for_comes_last_and_empty_sections_are_left_out() -> None:
    made = nbformat.v4
    markdown, code = made.new_markdown_cell, made.new_code_cell
    shown = [made.new_output("display_data", {"text/html": "<p>Verified: 3 of 3 changes</p>"})]
    verdict = code("x", outputs=shown, metadata={"tags": ["headline"]})
    cells = [markdown("# Migrate\n\nPurpose"), markdown("## Silent"), code("y"), markdown("## Said"), verdict]
    cells += [code("z", outputs=[made.new_output("stream", text="here")])]
    text = page_of(made.new_notebook(cells=cells))
    assert "<h1>Verified: 3 of 3 changes</h1>" in text
    assert "Account Acme at api.lever.co, as of 20" in text
    assert "DEMO" not in text
    assert "Silent" not in text
    assert text.index("Said") < text.index("About this page") < text.index("Purpose")


def test_no_table_has_an_empty_head_no_box_lacks_a_name_and_no_two_landmarks_share_one() -> None:
    record = msgspec.structs.replace(RunRecord.begin(NOTEBOOK, {}, Settings(), attempt=1), status="done")
    text = render(nbformat.read(NOTEBOOK, as_version=4), record)
    assert "☐" in text
    assert '<table class="leverkit">' in text
    assert [bad for bad in ("<input", "<th></th>", 'role="region"') if bad in text] == []


def test_a_page_of_a_job_that_found_differences_begins_with_them_and_ends_with_what_it_is_for() -> None:
    made = nbformat.v4
    told = made.new_markdown_cell("**This run is incomplete.**", metadata={"tags": [FAILED]})
    result = made.new_code_cell("x", outputs=[made.new_output("stream", text="9 missing")], execution_count=1)
    cells = [
        told,
        made.new_markdown_cell("# Migrate\n\nPurpose"),
        made.new_markdown_cell("## Result"),
        result,
    ]
    record = RunRecord.begin(NOTEBOOK, {}, Settings(), attempt=1)
    ended = msgspec.structs.replace(record, status="failed", exit_code=3, account="0123abcd")
    text = render(made.new_notebook(cells=cells), ended)
    assert text.count("<h1>") == 1
    assert "Not everything is as planned." in text
    assert "is incomplete" not in text
    assert text.index("9 missing") < text.index("About this page") < text.index("Purpose")
    assert "0123abcd" in text
