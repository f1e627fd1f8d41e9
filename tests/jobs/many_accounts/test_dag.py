"""The DAG files are Python that Airflow can read; `make airflow` runs them."""

from __future__ import annotations

import ast

import pytest
from support.commands import run_command


@pytest.mark.parametrize(
    ("words", "lines"), [(("accounts", "dag"), 50), (("accounts", "dag", "--papermill"), 50)]
)
def test_a_dag_file_is_short_python_without_a_key_or_path(
    words: tuple[str, ...], lines: int, capfd: pytest.CaptureFixture[str]
) -> None:
    printed = run_command(words, capfd).out
    modules = {node.module for node in ast.walk(ast.parse(printed)) if isinstance(node, ast.ImportFrom)}
    assert "airflow.sdk" in modules
    assert printed.count("\n") <= lines


@pytest.mark.parametrize("words", [("accounts", "dag"), ("accounts", "dag", "--papermill")])
def test_a_dag_file_reads_accounts_toml_as_leverkit_does_also_as_windows_saves_it(
    words: tuple[str, ...], capfd: pytest.CaptureFixture[str]
) -> None:
    assert 'read_text("utf-8-sig")' in run_command(words, capfd).out
