"""The committed notebooks: safe in every host. What they show is compared by support.committed_page."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import nbformat
import papermill
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from papermill.exceptions import PapermillExecutionError
from support.notebook_accounts import CANARY, NOTEBOOKS

import leverkit as lk
from leverkit.emulator import Running
from leverkit.notebook.parameters import declared

PAGES = sorted(NOTEBOOKS.glob("*.ipynb"))
MIGRATE = NOTEBOOKS / "30_migrate.ipynb"
LOGIC = ast.FunctionDef | ast.ClassDef | ast.Lambda | ast.For | ast.While | ast.Try | ast.With
each_page = pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)


def read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


def code(path: Path) -> list[Any]:
    return [cell for cell in read(path).cells if cell.cell_type == "code"]


def tagged(path: Path, tag: str) -> list[Any]:
    return [cell for cell in code(path) if tag in cell.metadata.get("tags", [])]


@each_page
def test_a_page_has_no_logic_of_its_own(path: Path) -> None:
    trees = [ast.parse(cell.source) for cell in code(path)]
    assert [node for tree in trees for node in ast.walk(tree) if isinstance(node, LOGIC)] == []


@each_page
def test_a_page_reaches_lever_through_the_package_only(path: Path) -> None:
    source = "\n".join(ast.unparse(ast.parse(cell.source)) for cell in code(path))
    assert not re.search(r"httpx|requests|urllib|\.style\b|Markdown\(|HTML\(|os\.environ|open\(", source)


@each_page
def test_a_page_opens_with_purpose_input_output_runtime_and_what_it_changes(path: Path) -> None:
    first = read(path).cells[0].source
    assert first.startswith("# ")
    assert [word for word in ("Purpose", "Input", "Output", "Runtime", "Changes") if word in first] == [
        "Purpose", "Input", "Output", "Runtime", "Changes",
    ]  # fmt: skip


@each_page
def test_a_page_declares_its_parameters_once_with_types_and_words(path: Path) -> None:
    (cell,) = tagged(path, "parameters")
    assert all(parameter.help for parameter in declared(cell.source).values())
    assert tagged(path, "injected-parameters") == []


@each_page
def test_the_first_thing_a_page_does_is_to_check_its_parameters(path: Path) -> None:
    parameters, setup, *rest = code(path)
    assert "job = lk.parameters(globals())" in setup.source
    names = {
        node.id for cell in rest for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Name)
    }
    assert names.isdisjoint(declared(parameters.source))


@each_page
def test_a_page_ends_by_saying_what_next(path: Path) -> None:
    headings = [cell.source for cell in read(path).cells if cell.cell_type == "markdown"]
    assert headings[-1].startswith("## What next")


@each_page
def test_a_page_is_committed_executed_and_compares_what_it_shows(path: Path) -> None:
    assert [cell.execution_count for cell in code(path)] == list(range(1, len(code(path)) + 1))
    compared = tagged(path, "nbval-check-output")
    assert compared
    assert all(cell.outputs for cell in compared)


@each_page
def test_a_page_carries_no_machine_no_key_and_no_trace_of_its_run(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(rf"/(tmp|home|root|work)/|{CANARY}|127\.0\.0\.1:", text)
    about = read(path).metadata
    assert (about.kernelspec.name, dict(about.language_info)) == ("python3", {"name": "python"})


def test_bare_papermill_cannot_pass_a_misspelled_parameter(tmp_path: Path) -> None:
    with pytest.raises(PapermillExecutionError) as raised:
        papermill.execute_notebook(
            str(MIGRATE), str(tmp_path / "out.ipynb"), {"mod": "apply"}, progress_bar=False, cwd=str(tmp_path)
        )
    assert (raised.value.ename, raised.value.exec_count) == ("UsageError", 3)
    assert "did you mean 'mode'" in raised.value.evalue


def test_a_refusal_in_bare_papermill_ends_with_its_sentence_and_is_short(
    lever_account: Running, tmp_path: Path
) -> None:
    page, out = str(MIGRATE), str(tmp_path / "out.ipynb")
    with pytest.raises(PapermillExecutionError) as raised:
        papermill.execute_notebook(page, out, {"mode": "apply"}, progress_bar=False)
    lines = [line for line in str(raised.value).splitlines() if line]
    assert lines[-1] == "UsageError: no migrate plan at all for this account; make one with mode = plan"
    assert len(lines) <= 4


def test_a_scheduler_that_injects_raw_text_cannot_pass_a_mistyped_one() -> None:
    page = read(MIGRATE)
    page.cells.insert(2, nbformat.v4.new_code_cell("max_pct = 'all'"))
    with pytest.raises(CellExecutionError, match="max_pct must be a number, not 'all'"):
        NotebookClient(page, kernel_name="python3").execute()


def test_an_unapproved_write_is_refused_by_the_package(lever_account: Running, tmp_path: Path) -> None:
    page, out = str(MIGRATE), str(tmp_path / "out.ipynb")
    with (desk := lk.desk(rate=500.0)).lever:
        assert desk.migration("plan").plan.short != "0" * 12
    with pytest.raises(PapermillExecutionError) as raised:
        papermill.execute_notebook(page, out, {"mode": "apply", "approve": "0" * 12}, progress_bar=False)
    assert (raised.value.ename, lever_account.log()[-1]["method"]) == ("UsageError", "GET")
    assert {entry["method"] for entry in lever_account.log()} == {"GET"}


def test_a_page_of_its_own_on_an_empty_desk_changes_nothing(lever_account: Running, tmp_path: Path) -> None:
    before = lever_account.state()
    page = str(NOTEBOOKS / "40_rollback.ipynb")
    papermill.execute_notebook(page, str(tmp_path / "out.ipynb"), {"rate": 500.0}, progress_bar=False)
    assert lever_account.state() == before


def test_the_policy_is_a_table_for_readers_without_a_kernel() -> None:
    (cell,) = [cell for cell in code(NOTEBOOKS / "20_policy.ipynb") if "TagReview(" in cell.source]
    (output,) = cell.outputs
    assert "application/vnd.jupyter.widget-view+json" not in output.data
    page = output.data["text/html"]
    names = re.findall(r'<th scope="col"[^>]*>([^<]+)</th>', page)
    assert names[:7] == ["Tag", "Decided", "Suggested", "Gaps", "People", "At stake", "Why"]
    tags, *_ = re.findall(r"<caption>(\d+) tags with gaps: undecided ones first", page)
    assert len(re.findall('<td data-label="Tag">', page)) == int(tags)
    assert re.search(r"<strong>\d+ tags: .+ undecided", page)
    assert "The plan would add" in output.data["text/plain"]
